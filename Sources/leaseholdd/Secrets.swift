import Foundation
import L402
import Macaroons

/// The daemon's own secrets: files that only it can read, made once, whole or not at all.
struct Secrets {
  let directory: String
  /// What is missing is made; a doctor only looks.
  var makesMissing = true

  /// The master keys, by epoch: `<state>/master.keys`, a line `<epoch> <64 hex digits>` each. The highest epoch mints.
  func keyring() throws -> MasterKeyring {
    let text = try read("master.keys", making: { "1 \(Bytes32.random().hex)\n" })
    var keys: [UInt16: Bytes32] = [:]
    for (number, line) in text.split(separator: "\n").enumerated() where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      guard parts.count == 2, let epoch = UInt16(parts[0]), let key = Bytes32(hex: parts[1]), keys[epoch] == nil else {
        throw ConfigurationFault(
          file: directory + "/master.keys", line: number + 1, path: "", words: "expected '<epoch> <64 hex digits>'")
      }
      keys[epoch] = key
    }
    guard let current = keys.keys.max(), let keyring = MasterKeyring(keys: keys, current: current) else {
      throw ConfigurationFault(file: directory + "/master.keys", line: nil, path: "", words: "there is no key")
    }
    return keyring
  }

  /// What `/admin` asks for: `LEASEHOLD_ADMIN_TOKEN`, or `<state>/admin.token`.
  func adminToken() throws -> String {
    if let token = ProcessInfo.processInfo.environment["LEASEHOLD_ADMIN_TOKEN"], !token.isEmpty { return token }
    return try read("admin.token", making: { Bytes32.random().hex + "\n" })
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// What preimages of invoices are derived from, where a node keeps no labels: `<state>/preimages.key`.
  func preimageSecret() throws -> Bytes32 {
    // Who only looks makes no invoice.
    if !makesMissing, try existing(directory + "/preimages.key") == nil { return .random() }
    let text = try read("preimages.key", making: { Bytes32.random().hex + "\n" })
    guard let secret = Bytes32(hex: text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw fault(directory + "/preimages.key", "expected 64 hex digits")
    }
    return secret
  }

  private func read(_ name: String, making make: () -> String) throws -> String {
    let path = directory + "/" + name
    if let text = try existing(path) { return text }
    guard makesMissing else { throw fault(path, "is not there") }
    // Written aside, made durable, and linked into place: of two daemons that start at once, one name stands.
    let aside = path + ".\(getpid())"
    let descriptor = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw fault(path, "cannot be made: \(String(cString: strerror(errno)))") }
    defer { unlink(aside) }
    let bytes = Array(make().utf8)
    let written = write(descriptor, bytes, bytes.count)
    let synced = fsync(descriptor)
    close(descriptor)
    guard written == bytes.count, synced == 0 else { throw fault(path, "cannot be written") }
    if link(aside, path) != 0, errno != EEXIST {
      throw fault(path, "cannot be put in place: \(String(cString: strerror(errno)))")
    }
    guard let text = try existing(path) else { throw fault(path, "is gone again") }
    return text
  }

  private func existing(_ path: String) throws -> String? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    guard status.st_mode & 0o077 == 0 else { throw fault(path, "can be read by others: chmod 600 it") }
    guard let data = FileManager.default.contents(atPath: path) else { throw fault(path, "cannot be read") }
    return String(decoding: data, as: UTF8.self)
  }

  private func fault(_ path: String, _ words: String) -> ConfigurationFault {
    ConfigurationFault(file: path, line: nil, path: "", words: words)
  }
}
