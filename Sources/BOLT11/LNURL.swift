/// A URL as wallets scan it (LUD-01): bech32 with the prefix `lnurl`.
public enum LNURL {
  /// In capitals, of which a QR code is smaller.
  public static func text(of url: String) -> String {
    var groups = [UInt8]()
    FiveBits.append(url.utf8, to: &groups)
    return Bech32.encode(prefix: Array("lnurl".utf8), groups: groups).uppercased()
  }
}
