import Client
import Foundation
import Wallets
import Wire

/// The command line's own file: `$XDG_CONFIG_HOME/leasehold/config.json`, else `~/.config/leasehold/config.json`. It holds
/// no secret; those lie in files that it names, or in the environment.
struct RenterConfiguration: Codable, Hashable {
  var server: String?
  var wallet: WalletConfiguration?

  static func standardPath(_ environment: [String: String]) -> String? {
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return folder + "/leasehold/config.json" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.config/leasehold/config.json"
  }

  /// - Parameter named: a file that was asked for and must be there.
  static func read(_ named: String?, _ environment: [String: String]) throws -> RenterConfiguration {
    let asked = named ?? environment["LEASEHOLD_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    guard let path = asked ?? standardPath(environment) else { return RenterConfiguration() }
    guard FileManager.default.fileExists(atPath: path) else {
      guard asked == nil else { throw Complaint.usage("there is no \(path)") }
      return RenterConfiguration()
    }
    guard let bytes = FileManager.default.contents(atPath: path) else { throw Complaint.failed("cannot read \(path)") }
    var configuration: RenterConfiguration
    do throws(JSONFault) {
      configuration = try JSON.decode(RenterConfiguration.self, from: bytes, unknownFields: .refused)
    } catch {
      switch error {
      case .malformed: throw Complaint.usage("\(path) is no JSON")
      case .field(let field, let words): throw Complaint.usage("\(path): '\(field)' \(words)")
      }
    }
    if let server = configuration.server, ServerAddress(server) == nil {
      throw Complaint.usage("\(path): 'server' is not an address like http://host:8402")
    }
    configuration.wallet?.expand(home: environment["HOME"])
    return configuration
  }
}

extension WalletConfiguration {
  /// `~/` at the beginning of a file's name.
  mutating func expand(home: String?) {
    guard let home else { return }
    func expanded(_ path: String?) -> String? {
      path.map { $0.hasPrefix("~/") ? home + $0.dropFirst(1) : $0 }
    }
    socket = expanded(socket)
    certificateFile = expanded(certificateFile)
    macaroonFile = expanded(macaroonFile)
    runeFile = expanded(runeFile)
    adminKeyFile = expanded(adminKeyFile)
    passwordFile = expanded(passwordFile)
  }
}
