import CAllocationCounter
import L402
import Macaroons

// How often a check of a credential asks for memory, with three further caveats and with thirty, with three hundred.
// `AllocationTests` runs it. In a program of its own, for it takes malloc's place.

/// After a first time, in which what is made once is made.
func allocations(_ body: () throws -> Void) rethrows -> UInt64 {
  try body()
  let before = leasehold_allocations()
  try body()
  return leasehold_allocations() - before
}

let now: Int64 = 1_900_000_000
let ring = MasterKeyring(key: .random())
let preimage = Preimage.random()
let key = MacaroonKey(rootKey: Bytes32.random())
let further = [
  "leasehold_valid_until=\(now + 60)", "leasehold_capabilities=read,write", "leasehold_max_msat=1000",
  "services=leasehold:0", "leasehold_lease=01jdnk3vexs6yqk2dk7b8t2f9m", "max_sats=1",
]

// Otherwise nothing of this is worth anything.
let sample = allocations { _ = Array(repeating: UInt8(1), count: Int(now % 7) + 100) }
precondition(sample > 0, "malloc's place was not taken")

for count in [3, 30, 300] {
  let caveats = (0..<count).map { further[$0 % further.count] }
  let wire = Macaroon(location: "here", identifier: Array("id".utf8), key: key).adding(caveats).wire
  print("macaroon", count, try allocations { try Macaroon(v2: wire).verify(key) })

  let minted = try ring.mint(
    paymentHash: preimage.paymentHash, token: ring.newToken(),
    caveats: MintedCaveats(capabilities: .all, lease: "01jdnk3vexs6yqk2dk7b8t2f9m", validUntil: now + 3600))
  let line = try PresentedCredential(macaroon: minted.adding(caveats), preimage: preimage).authorization
  let lines = [line]
  let checked = try allocations {
    guard let shown = try PresentedCredential.parse(authorization: lines) else { preconditionFailure("nothing shown") }
    let credential = try shown.verified(by: ring, at: now) { _ in false }
    try credential.require(.read, method: "GET", source: nil)
  }
  print("credential", count, checked)
}
