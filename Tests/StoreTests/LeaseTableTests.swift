import Engine
import Leasing
import Ledger
import TestKit
import Testing
import Units

@Suite struct LeaseTableTests {
  @Test func aLeaseComesBackAsItWent() async throws {
    try await TestStore.with { store in
      let lease = try await store.run { tx in try Sample.active(1, tx) }
      let back = try await store.run { tx in (try tx.lockLease(lease.id), try tx.lease(lease.id)) }
      #expect(back.0 == lease)
      #expect(back.1?.lease == lease)
      #expect(back.1?.request == LeaseRequest(offer: "disk"))
      #expect(try await store.run { tx in try tx.lease(Sample.id(9)) } == nil)
      let events = try await store.run { tx in try tx.events(of: lease.id, after: 0, limit: 10) }
      #expect(events.map(\.name) == [.quoted, .event(.settled), .event(.provisioned)])
      #expect(events.map(\.sequence) == events.map(\.sequence).sorted())
      let later = try await store.run { tx in try tx.events(of: lease.id, after: events[0].sequence, limit: 1) }
      #expect(later == [events[1]])
      _ = try await store.run { tx in try Sample.active(2, tx) }
      let newest = try await store.run { tx in try tx.newestEvents(of: lease.id, limit: 2) }
      #expect(newest == [events[2], events[1]])
    }
  }

  /// What no column is for: a change that waits for its size, a fraction of a millisatoshi, the operator's reasons.
  @Test func allThatALeaseRemembersComesBack() async throws {
    try await TestStore.with { store in
      let changed = try await store.run { tx -> Lease in
        let lease = try Sample.active(1, tx)
        var terms = Sample.terms
        terms.offer = "other"
        terms.period = 7
        terms.price = 1
        var cheaper = terms
        cheaper.offer = "cheaper"
        cheaper.period = 11
        var now = Sample.now + 11
        var step = try lease.step(.changed(terms), at: now)
        try tx.write([RecordedStep(before: lease, decision: step, events: [], at: now)])
        for event: Event in [
          .changed(cheaper), .operatorSuspended(reason: "a"), .frozen(reason: "b"),
          .evicting(until: now + .day, reason: "c"),
        ] {
          now = now + 3
          let before = step.lease
          step = try before.step(event, at: now)
          try tx.write([RecordedStep(before: before, decision: step, events: [], at: now)])
        }
        return step.lease
      }
      #expect(changed.pendingChange != nil)
      #expect(changed.retentionBound != nil)
      #expect(changed.consumed > .zero)
      #expect(changed.account.carried != .zero)
      #expect(changed.flags.frozen?.reason == "b")
      #expect(changed.flags.evictionReason == "c")
      #expect(try await store.run { tx in try tx.lockLease(changed.id) } == changed)
    }
  }

  /// Rows that an older release wrote have these words, and it reads ours.
  @Test func aQuoteIsWrittenInTheWordsOfOldRows() async throws {
    try await TestStore.with { store in
      _ = try await store.run { tx in try Sample.quote(1, tx, hasCapacity: false) }
      let words = try await store.pool.withConnection { connection in
        try connection.query(
          "SELECT k FROM lease, jsonb_object_keys(detail #> '{state,quoted}') k ORDER BY k"
        ) { try $0.string(0) }
      }
      #expect(words == ["canceling", "held", "until"])
    }
  }

  @Test func evidenceComesBackWhateverItSays() async throws {
    try await TestStore.with { store in
      let evidence = [
        "plain": "a", "a \"name\"": "back\\slash", "lines": "\u{1}\t\r\n\u{F}\u{10}\u{1F}", "far": "é😀\u{7F}", "": "",
      ]
      let lease = Lease.quote(Sample.id(1), Sample.terms, hasCapacity: true, at: Sample.now)
      var event = Sample.quoted(lease.id)
      event.evidence = evidence
      let said = event
      try await store.run { tx in
        try tx.insert(
          LeaseRecord(lease: lease, request: LeaseRequest(offer: "disk"), placement: nil), event: said)
      }
      let events = try await store.run { tx in try tx.events(of: lease.id, after: 0, limit: 10) }
      #expect(events.map(\.evidence) == [evidence])
    }
  }

  @Test func writingIsForWhoSawTheLatestVersion() async throws {
    try await TestStore.with { store in
      let quote = try await store.run { tx in try Sample.quote(1, tx) }
      let paid = try await store.run { tx in try Sample.step(Sample.paid(), quote, tx) }
      #expect(await store.refusal { tx in try Sample.step(.released, quote, tx) } == .conflict)
      #expect(try await store.run { tx in try tx.lease(quote.id) }?.lease == paid)
      // And an event takes effect once.
      #expect(try await store.run { tx in try tx.isRecorded(eventID: EventID(.settled, "\(quote.id):1")) })
      #expect(
        await store.refusal { tx in
          let decision = try paid.step(.released, at: Sample.now)
          var step = Sample.recorded(.released, paid, decision, at: Sample.now)
          step.events[0].id = "settled:\(quote.id):1"
          try tx.write([step])
        } == .conflict)
    }
  }

  @Test func dueLeasesAreLockedOldestFirstAndPassedOverByOthers() async throws {
    try await TestStore.with { store in
      for number in 1...4 { _ = try await store.run { tx in try Sample.quote(UInt64(number), tx) } }
      try await store.script(
        "UPDATE lease SET wakes_at = to_timestamp(1800000000 - ('x' || right(id::text, 1))::bit(4)::int)")
      let order = (1...4).reversed().map { Sample.id(UInt64($0)) }
      #expect(try await store.run { tx in try tx.lockDueLeases(at: Sample.now, limit: 10).map(\.id) } == order)
      #expect(try await store.run { tx in try tx.dueLeases(at: Sample.now, limit: 2) } == Array(order.prefix(2)))
      #expect(try await store.run { tx in try tx.lockDueLeases(at: Sample.now - 60, limit: 10) }.isEmpty)
      // Two transactions at once share them out.
      let gate = Barrier()
      async let first = store.run { tx in
        let mine = try tx.lockDueLeases(at: Sample.now, limit: 2).map(\.id)
        gate.signal("locked")
        gate.wait("looked")
        return mine
      }
      async let second = store.run { tx in
        gate.wait("locked")
        defer { gate.signal("looked") }
        return try tx.lockDueLeases(at: Sample.now, limit: 10).map(\.id)
      }
      #expect(try await first == Array(order.prefix(2)))
      #expect(try await second == Array(order.suffix(2)))
    }
  }

  @Test func theParkedAreNotWokenBeforeTheirTime() async throws {
    try await TestStore.with { store in
      let lease = try await store.run { tx in try Sample.quote(1, tx) }
      let due = Sample.now + 1_000
      try await store.run { tx in try tx.park(lease.id, until: due + 60, reason: "why", at: due) }
      #expect(try await store.run { tx in try tx.lockDueLeases(at: due, limit: 10) }.isEmpty)
      #expect(try await store.run { tx in try tx.nextDeadline() } == due + 60)
      #expect(try await store.run { tx in try tx.parked() }.map(\.reason) == ["why"])
      #expect(try await store.run { tx in try tx.lockDueLeases(at: due + 60, limit: 10) }.count == 1)
      // Any step takes it off the list.
      _ = try await store.run { tx in try Sample.step(.woke, lease, tx, at: due + 60) }
      #expect(try await store.run { tx in try tx.parked() }.isEmpty)
    }
  }

  @Test func listingPagesByState() async throws {
    try await TestStore.with { store in
      for number in 1...3 { _ = try await store.run { tx in try Sample.quote(UInt64(number), tx) } }
      _ = try await store.run { tx in try Sample.active(4, tx) }
      let page = try await store.run { tx in try tx.leases(LeaseQuery(states: [.quoted], limit: 2)) }
      #expect(page.map(\.lease.id) == [Sample.id(1), Sample.id(2)])
      let rest = try await store.run { tx in
        try tx.leases(LeaseQuery(states: [.quoted], after: Sample.id(2), limit: 2))
      }
      #expect(rest.map(\.lease.id) == [Sample.id(3)])
      #expect(try await store.run { tx in try tx.census() } == [.quoted: 3, .active: 1])
      let counts = try await store.run { tx in try tx.breakerCounts(since: Sample.now) }
      #expect(counts.inService == 1)
      #expect(counts.suspensions == 0)
    }
  }

  @Test func aSweepTakesWhatNobodyPaid() async throws {
    try await TestStore.with { store in
      _ = try await store.run { tx in
        for number in 1...3 {
          let lease = try Sample.step(Sample.paid(), try Sample.quote(UInt64(number), tx), tx)
          try Sample.step(.released, lease, tx)
        }
        let unpaid = try Sample.quote(4, tx)
        try Sample.step(.quoteCanceled, unpaid, tx)
      }
      // More closed leases that somebody paid, and older, than one sweep takes.
      try await store.script(
        """
        UPDATE lease SET state = 'closed', balance_msat = 0, sweep_at = created_at + interval '1 hour';
        INSERT INTO lease
        SELECT md5(n::text)::uuid, kind, offer, terms, request, created_at - interval '1 day', state, detail, version,
               generation, balance_msat, credit_msat, rate_msat, rate_span_us, remainder, charged_to, NULL,
               sold_as, sweep_at - interval '1 day'
          FROM (SELECT * FROM lease LIMIT 1) l CROSS JOIN generate_series(1, 1500) n;
        UPDATE lease SET id = ('00000000' || right(id::text, 28))::uuid WHERE created_at < to_timestamp(1800000000);
        INSERT INTO payment SELECT decode(md5(id::text) || md5(id::text), 'hex'), id, 1, created_at, created_at
          FROM lease WHERE created_at < to_timestamp(1800000000);
        DELETE FROM lease_tally;
        INSERT INTO lease_tally (state, delta) SELECT state, count(*) FROM lease GROUP BY state
        """)
      // Each part looks at a bounded number, and never again at what is found to have been paid.
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .minute * 59) } == 1_000)
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .minute * 59) } == 500)
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .minute * 59) } == 0)
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .hour * 2) } == 4)
      #expect(try await store.run { tx in try tx.lease(Sample.id(4)) } == nil)
      #expect(try await store.run { tx in try tx.census() } == [.closed: 1_503])
    }
  }
}
