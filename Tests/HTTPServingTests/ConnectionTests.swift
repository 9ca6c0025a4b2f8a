import HTTPServing
import NIOCore
import ServingKit
import Testing

@Suite struct ConnectionTests {
  private static let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

  /// Connections that never finish their first request drive out one another, and nobody else.
  @Test func halfOpenConnectionsMakeRoom() async throws {
    try await Served.with(ConnectionRules(most: 64, mostOfOneClient: 8)) { served in
      let streaming = try served.connect(from: "127.0.0.9")
      streaming.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(await streaming.read(until: "waiting").contains("waiting"))
      var halves: [Bare] = []
      for _ in 0..<40 {
        let half = try served.connect(from: "127.0.0.9")
        half.send("GET / HTTP/1.1\r\nX-A: ")
        halves.append(half)
      }
      // The first ones were closed for the last ones.
      for half in halves.prefix(32) { #expect(await half.readToEnd() == "") }
      // Others, and the client itself, are served.
      #expect(try await served.ask(Self.request).contains("here"))
      #expect(try await served.ask(Self.request, from: "127.0.0.9").contains("here"))
      // What is being answered is not cut off for a newcomer.
      for half in halves { half.close() }
      streaming.finishSending()
      streaming.close()
    }
  }

  @Test func whoHasAllItsConnectionsAnsweredGetsNoMore() async throws {
    try await Served.with(ConnectionRules(most: 64, mostOfOneClient: 4)) { served in
      var busy: [Bare] = []
      for _ in 0..<4 {
        let bare = try served.connect(from: "127.0.0.9")
        bare.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await bare.read(until: "waiting").contains("waiting"))
        busy.append(bare)
      }
      #expect(try await served.ask(Self.request, from: "127.0.0.9") == "")
      #expect(try await served.ask(Self.request, from: "127.0.0.8").contains("here"))
      for bare in busy { bare.close() }
    }
  }

  @Test func allTogetherAreBounded() async throws {
    try await Served.with(ConnectionRules(most: 4, mostOfOneClient: 2)) { served in
      var halves: [Bare] = []
      for index in 0..<12 { halves.append(try served.connect(from: "127.0.1.\(index)")) }
      for half in halves.prefix(8) { #expect(await half.readToEnd() == "") }
      #expect(try await served.ask(Self.request).contains("here"))
      for half in halves { half.close() }
    }
  }

  @Test func theOperatorGetsInWhereNobodyElseDoes() async throws {
    var rules = ConnectionRules(most: 2, mostOfOneClient: 2)
    rules.isOperator = { $0 == "127.0.0.1" }
    try await Served.with(rules) { served in
      var busy: [Bare] = []
      for _ in 0..<2 {
        let bare = try served.connect(from: "127.0.0.9")
        bare.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await bare.read(until: "waiting").contains("waiting"))
        busy.append(bare)
      }
      #expect(try await served.ask(Self.request, from: "127.0.0.8") == "")
      #expect(try await served.ask(Self.request).contains("here"))
      for bare in busy { bare.close() }
    }
  }

  @Test func aProxySpeaksForMany() async throws {
    let rules = ConnectionRules(most: 64, mostOfOneClient: 2) { $0 == "127.0.0.9" }
    try await Served.with(rules) { served in
      var busy: [Bare] = []
      for _ in 0..<6 {
        let bare = try served.connect(from: "127.0.0.9")
        bare.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(await bare.read(until: "waiting").contains("waiting"))
        busy.append(bare)
      }
      for bare in busy { bare.close() }
    }
  }

  /// Neither silence nor one byte after the other keeps a connection open.
  @Test func aFirstRequestHasToComeToItsHead() async throws {
    let rules = ConnectionRules(firstHead: .seconds(3), idle: .minutes(60))
    try await Served.with(rules) { served in
      let silent = try served.connect()
      let slow = try served.connect()
      slow.send("GET / HTTP/1.1\r\nHost: a\r\nX-A: ")
      #expect(await silent.readToEnd() == "")
      #expect(await slow.readToEnd() == "")
      // Once it has, the time is not its own any more.
      let asking = try served.connect()
      asking.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(await asking.read(until: "waiting").contains("waiting"))
      for bare in [silent, slow, asking] { bare.close() }
    }
  }

  @Test func rulesLeaveDescriptorsFree() {
    #expect(ConnectionRules.within(descriptors: 1_024).most == 192)
    #expect(ConnectionRules.within(descriptors: 256).most == 64)
    #expect(ConnectionRules.within(descriptors: 1_048_576).most == 16_384)
    #expect(ConnectionRules.within(descriptors: 65_536).mostOfOneClient == 256)
  }
}
