import L402
import Macaroons

/// A minter whose keys are known, so that a corpus can hold credentials of it.
public enum Shop {
  public static let now: Int64 = 1_900_000_000
  public static let lease = "01jdnk3vexs6yqk2dk7b8t2f9m"

  static let keyring = MasterKeyring(key: same(0x11))
  static let preimage = Preimage(same(0x5a))
  static let token = TokenID(Bytes32 { $0.copyBytes(from: [0, 1] + [UInt8](repeating: 0xab, count: 30)) })

  private static func same(_ byte: UInt8) -> Bytes32 {
    Bytes32 { $0.copyBytes(from: [UInt8](repeating: byte, count: 32)) }
  }

  /// What it sells.
  static let plain: Macaroon = {
    let caveats = MintedCaveats(
      tier: 2, capabilities: [.read, .write, .pay], lease: lease, validUntil: now + 86_400, variant: "b")
    do throws(CredentialRefusal) {
      return try keyring.mint(paymentHash: preimage.paymentHash, token: token, caveats: caveats)
    } catch {
      preconditionFailure("the shop cannot mint: \(error)")
    }
  }()

  /// Every credential that was ever made from it: nobody without a key can make another.
  public static let genuine: [PresentedCredential] = {
    do {
      let plain = try PresentedCredential(macaroon: plain, preimage: preimage)
      let narrowed = try plain.narrowed(by: ["leasehold_path=/photos", "leasehold_capabilities=read"])
      let login = try narrowed.narrowed(byThirdParty: Array("login".utf8), location: "auth", rootKey: [7])
      let discharge = Macaroon.discharge(
        of: Array("login".utf8), rootKey: [7], caveats: [Array("leasehold_max_msat=5".utf8)])
      return [plain, narrowed, try login.discharged(by: [discharge])]
    } catch {
      preconditionFailure("the shop cannot narrow: \(error)")
    }
  }()

  /// Whether it would be served.
  public static func isGenuine(_ shown: PresentedCredential) -> Bool {
    read { () throws(CredentialRefusal) in try shown.verified(by: keyring, at: now) { _ in false } } != nil
  }
}
