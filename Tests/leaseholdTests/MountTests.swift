import Foundation
import FoundationNetworking
import Testing

@testable import Client
@testable import RenterKit
@testable import leasehold

@Suite struct MountTests {
  @Test func nothingIsMountedOverWhatWouldBeHidden() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      _ = try storefront.write("x", to: "full/file")
      for (folder, words) in [
        ("full", "not empty"), ("/proc", "mounted"), ("none", "mkdir"), ("full/file", "no folder"),
      ] {
        let outcome = try await storefront.run("mount", lease, folder)
        #expect(outcome.status == 2, "\(folder): \(outcome.error)")
        #expect(outcome.error.contains(words), "\(folder): \(outcome.error)")
      }
    }
  }

  @Test func theSecretIsOnNoCommandLineAndTheCacheIsTheLeasesOwn() throws {
    func mount(_ lease: String, _ path: String) -> Mount {
      Mount(
        lease: lease, path: RemotePath(path) ?? .root, folder: "/mnt", isReadOnly: false, address: "http://127.0.0.1:1",
        secret: "secret", state: "/state")
    }
    let one = mount("01hzy3v9k2m4n6p8q0r2s4t6v8", "/")
    #expect(!one.rcloneArguments(on: "/mnt").joined(separator: " ").contains("secret"))
    #expect(
      one.rcloneEnvironment.contains { $0.key.contains("01HZY3V9K2M4N6P8Q0R2S4T6V8") && $0.value.contains("secret") })
    #expect(one.cache != mount("01hzy3v9k2m4n6p8q0r2s4t6v9", "/").cache)
    #expect(one.cache != mount(one.lease, "/photos").cache)
  }

  @Test func otherProgramsPassWithTheCredentialOfTheMomentAndNeedTheSecretForIt() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let state = try StateDirectory(path: storefront.home.path + "/.local/state/leasehold")
      let address = try #require(ServerAddress(storefront.server.address))
      let client = LeaseholdClient(server: address, state: state)
      let proxy = try await DoorProxy(client, lease) { _, _ in }
      let serving = Task { await proxy.run() }
      func ask(_ method: String, secret: String?) async throws -> Int {
        var request = URLRequest(url: try #require(URL(string: "\(proxy.address)/dav/\(lease)/a")))
        request.httpMethod = method
        if method == "PUT" { request.httpBody = Data("written".utf8) }
        if let secret { request.setValue(secret, forHTTPHeaderField: DoorProxy.header) }
        let (_, response) = try await URLSession.shared.data(for: request)
        return (response as? HTTPURLResponse)?.statusCode ?? 0
      }
      #expect(try await ask("GET", secret: nil) == 403)
      #expect(try await ask("GET", secret: "guessed") == 403)
      #expect(try await ask("GET", secret: proxy.secret) == 200)
      // Stale by now: exchanged on the way, and nobody is told.
      storefront.shop.state.withLock { $0.staleDoors = true }
      #expect(try await ask("GET", secret: proxy.secret) == 200)
      #expect(storefront.shop.state.withLock { $0.swaps } == 1)
      #expect(try await ask("PUT", secret: proxy.secret) == 201)
      let last = storefront.shop.state.withLock { $0.requests.last }
      #expect(last?.body == Array("written".utf8))
      #expect(last?.headers.contains(name: DoorProxy.header) == false)
      storefront.shop.state.withLock { $0.refusal = (507, "no-room") }
      #expect(try await ask("PUT", secret: proxy.secret) == 507)
      #expect(proxy.failures.keys.contains("/dav/\(lease)/a"))
      serving.cancel()
      await serving.value
      await client.shutdown()
    }
  }
}
