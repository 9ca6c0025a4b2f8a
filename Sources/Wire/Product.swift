/// What both programs say of themselves.
public enum Product {
  /// By semver.org; below 1 anything may still change.
  public static let version = "0.2.0"
}
