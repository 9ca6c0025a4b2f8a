import Engine
import Glibc
import Lightning
import TestKit
import Testing
import Units

/// A process of its own whose files may not grow: the nearest thing to a full disk.
@Suite struct FullDiskTests {
  @Test func whatDoesNotFitIsRefusedAndTheNodeGoesOn() async throws {
    let directory = TemporaryDirectory()
    let path = directory.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      let node = try EmbeddedNode(directory: path, clock: ManualClock())
      func invoice(_ label: String) async throws -> NodeInvoice {
        try await node.createInvoice(
          InvoiceRequest(label: label, amount: 1_000, description: "lease", expiry: 600))
      }
      let first = try await invoice("fits")
      var status = stat()
      #expect(stat("\(path)/invoices.journal", &status) == 0)

      signal(SIGXFSZ, SIG_IGN)
      var before = rlimit()
      #expect(getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before) == 0)
      var tight = before
      // Room for a part of the next frame.
      tight.rlim_cur = rlim_t(status.st_size) + 100
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &tight) == 0)
      let error = await #expect(throws: NodeError.self) { _ = try await invoice("does not fit") }
      #expect(error?.kind == .unavailable)
      #expect(try await node.lookup(first.paymentHash) == first)
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &before) == 0)

      let again = try await invoice("does not fit")
      _ = try await node.payOwn(again.bolt11)
    }
    let node = try EmbeddedNode(directory: path, clock: ManualClock())
    #expect(try await node.settlements(after: nil, limit: 10).map(\.label) == ["does not fit"])
  }
}
