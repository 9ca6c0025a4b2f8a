import Engine

/// Whether an image is what its description says, before somebody has paid for a container of it.
public enum ImageCheck {
  /// Its folder, its description and the command that it starts with. Quick: for every start of the daemon.
  ///
  /// - Throws: `.unavailable`, with what is wrong.
  public static func structure(of image: ImageReference) throws(DriverError) {
    let defaults = try ImageDefaults(image)
    guard let program = defaults.command.first, program.hasPrefix("/"), !HostFile.exists(defaults.root + program)
    else { return }
    throw DriverError(
      .unavailable, attempted: "look at image \(image.name)",
      words: "it starts with \(program), and there is no such file in \(defaults.root)")
  }

  /// SHA-256 of the root as a normalised tar, as `scripts/image` reckons it. Reads every file of the image.
  ///
  /// - Returns: `sha256:` and 64 hex digits.
  public static func digest(of image: ImageReference) async throws(DriverError) -> String {
    let root = try ImageDefaults(image).root
    // The script is fixed; the folder is an argument of it.
    let outcome = try await Tool("bash").run(
      [
        "-c",
        "set -o pipefail; tar --create --directory \"$1\" --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 "
          + "--numeric-owner . | sha256sum", "digest", root,
      ], timeout: .seconds(600))
    return "sha256:\(outcome.text.prefix { $0 != " " })"
  }
}
