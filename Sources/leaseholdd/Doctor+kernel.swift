import Drivers
import Foundation

extension Doctor {
  /// Each interface of the kernel that disks and containers stand on, tried where the state folder is or will be.
  static func kernel(_ configuration: Configuration) async throws -> String {
    var folder = URL(fileURLWithPath: configuration.stateDirectory)
    while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" { folder.deleteLastPathComponent() }
    let makesContainers = configuration.hosts.contains { $0.compute != nil }
    let wanted = makesContainers ? HostKernel.Interface.ofContainers : HostKernel.Interface.ofDisksInFiles
    let shortages = await HostKernel.shortages(wanted, in: folder.path)
    guard shortages.isEmpty else { throw Complaint(shortages.joined(separator: "; ")) }
    return "all \(wanted.count) interfaces are there; Linux \(HostKernel.oldest) is the oldest that is served"
  }
}
