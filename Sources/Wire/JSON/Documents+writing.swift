// The documents that are asked for most write themselves: see ``JSONWriter``. Fields stand in the order in which the
// types declare them.

extension JSON {
  /// The same bytes as of any other document, made faster.
  public static func encode(_ document: LeaseDocument) -> [UInt8] {
    var writer = JSONWriter()
    document.write(to: &writer)
    return writer.bytes
  }

  /// The same bytes as of any other document, made faster.
  public static func encode(_ document: IntrospectionDocument) -> [UInt8] {
    var writer = JSONWriter()
    document.write(to: &writer)
    return writer.bytes
  }
}

extension LeaseDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("id", id)
      writer.field("kind", kind)
      writer.field("offer", offer)
      writer.field("variant", ifAny: variant)
      writer.field("state", state)
      writer.field("cause", ifAny: cause)
      writer.field("resuming", ifAny: resuming)
      writer.field("flags") { flags.write(to: &$0) }
      writer.field("version", version)
      writer.field("generation", generation)
      writer.field("created_at", createdAt)
      writer.field("paid_until", orNull: paidUntil)
      writer.field("balance_msat", ifAny: balanceMsat)
      writer.field("debt_msat", ifAny: debtMsat)
      writer.field("credit_msat", ifAny: creditMsat)
      writer.field("rate") {
        $0.field("price_msat", rate.priceMsat)
        $0.field("period_seconds", rate.periodSeconds)
      }
      if let price { writer.field("price") { price.write(to: &$0) } }
      if let exchangeRate { writer.field("exchange_rate") { exchangeRate.write(to: &$0) } }
      if let renewalTerms { writer.field("renewal_terms") { renewalTerms.write(to: &$0) } }
      writer.field("days_remaining", orNull: daysRemaining)
      writer.name("next")
      writer.array(next) { writer, action in
        writer.object {
          $0.field("action", action.action)
          $0.field("at", action.at)
          $0.field("avoid_msat", ifAny: action.avoidMsat)
          $0.field("text", ifAny: action.text)
        }
      }
      if let limits {
        writer.field("limits") {
          $0.field("spend_sat_per_day", limits.spendSatPerDay)
          $0.field("spent_msat", limits.spentMsat)
          $0.field("resets_at", limits.resetsAt)
        }
      }
      writer.field("resources") { resources.write(to: &$0) }
      writer.field("image", ifAny: image)
      writer.field("disk", ifAny: disk)
      if let ports {
        writer.name("ports")
        writer.array(ports) { writer, port in
          writer.object {
            $0.field("port", Int64(port.port))
            $0.field("access", port.access)
          }
        }
      }
      if let container { writer.field("container") { container.write(to: &$0) } }
      if let failure {
        writer.field("failure") {
          $0.field("code", failure.code)
          $0.field("detail", failure.detail)
        }
      }
      writer.field("credential", ifAny: credential)
      writer.field("address", ifAny: address)
      if let contacts {
        writer.name("contacts")
        writer.array(contacts) { $1.write(to: &$0) }
      }
      writer.field("links", links)
    }
  }
}

extension ContactDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("contact", contact)
      writer.field("channel", channel)
      writer.field("to", ifAny: to)
      writer.field("confirmed", confirmed)
      writer.field("invoice", ifAny: invoice)
      writer.field("created_at", createdAt)
      writer.field("delivered_at", ifAny: deliveredAt)
      writer.field("failing_since", ifAny: failingSince)
      writer.field("secret", ifAny: secret)
    }
  }
}

extension LeaseFlags {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.field("frozen", frozen)
    writer.field("protected", protected)
    writer.field("impaired", impaired)
    writer.field("evicting_until", orNull: evictingUntil)
    writer.field("frozen_reason", ifAny: frozenReason)
    writer.field("suspension_reason", ifAny: suspensionReason)
    writer.field("eviction_reason", ifAny: evictionReason)
  }
}

extension PriceDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.field("amount", amount)
    writer.field("currency", currency)
    writer.field("deposit", ifAny: deposit)
  }
}

extension ExchangeRateDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.field("currency", currency)
    writer.field("per_bitcoin", perBitcoin)
    writer.field("source", source)
    writer.field("read_at", readAt)
  }
}

extension RenewalTermsDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.field("from", from)
    writer.field("price_msat", orNull: priceMsat)
    writer.field("period_seconds", periodSeconds)
    if let price { writer.field("price") { price.write(to: &$0) } }
  }
}

extension ResourcesDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.field("disk_bytes", diskBytes)
    writer.field("cpu_millis", ifAny: cpuMillis)
    writer.field("memory_bytes", ifAny: memoryBytes)
    writer.field("pids", ifAny: pids)
  }
}

extension ContainerDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.field("state", state)
    writer.field("exit_code", ifAny: exitCode)
    writer.field("out_of_memory", ifAny: outOfMemory)
    writer.field("restart", ifAny: restart)
    writer.field("restarts", ifAny: restarts)
    writer.field("restarts_at", ifAny: restartsAt)
  }
}

extension IntrospectionDocument {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.field("lease", lease)
      writer.field("token", token)
      writer.field("payment_hash", paymentHash)
      writer.field("tier", tier)
      writer.field("variant", ifAny: variant)
      writer.field("capabilities", capabilities)
      writer.field("expiry", expiry)
      writer.field("valid_until", validUntil)
      writer.field("path", ifAny: path)
      writer.field("methods", ifAny: methods)
      writer.field("sources", ifAny: sources)
      writer.field("max_msat", ifAny: maxMsat)
      writer.field("ports", ifAny: ports)
      writer.field("minted_valid_until", mintedValidUntil)
      writer.field("holder_valid_until", ifAny: holderValidUntil)
      writer.field("caveats", caveats)
      writer.field("third_party", thirdParty)
      writer.field("links", links)
    }
  }
}
