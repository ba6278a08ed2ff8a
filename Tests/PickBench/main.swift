// What the choice of an endpoint costs: pick-bench [MILLISECONDS] prints a line of JSON for each case. The links
// beside this file are the product's own sources, built as in the release.
//
// The loads move as under traffic: each chosen endpoint gets a connection, and the one chosen longest ago gives one up.

import Glibc
import Reactor

/// Connections at once, for each endpoint.
let connectionsOfEach = 2
let milliseconds = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 200

/// Monotonic nanoseconds.
func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Nanoseconds for one choice.
func measure(_ policy: BalancePolicy, endpoints: Int, workers: Int) throws -> Double {
    let address = SocketAddress(ipv4: [127, 0, 0, 1], port: 80)
    let rows = (0..<endpoints).map {
        EndpointSnapshot.Row(slot: UInt32($0), address: address, identity: UInt64($0))
    }
    let snapshot = EndpointSnapshot(version: 1, services: [rows])
    defer { snapshot.free() }
    let loads = try LoadTable(workers: workers, slots: endpoints)
    for worker in 0..<workers {
        for slot in 0..<endpoints { loads.increment(worker: worker, slot: UInt32(slot)) }
    }
    var balancer = Balancer(policy: policy, seed: 1)
    let set = snapshot.endpoints(of: 0)
    var held = [UInt32](repeating: 0, count: endpoints * connectionsOfEach)
    var oldest = 0
    for index in held.indices {
        held[index] = UInt32(index % endpoints)
        loads.increment(worker: 0, slot: held[index])
    }
    func pick() {
        loads.decrement(worker: 0, slot: held[oldest])
        guard let row = balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads) else {
            preconditionFailure("no endpoint was chosen")
        }
        held[oldest] = unsafe set.slots[row]
        loads.increment(worker: 0, slot: held[oldest])
        oldest = oldest + 1 == held.count ? 0 : oldest + 1
    }
    // As many at a time as take about a millisecond, so that the clock is seldom asked.
    let batch = max(1, 1_000_000 / (endpoints * workers + 20))
    for _ in 0..<batch { pick() }
    var picks = 0
    let begin = now()
    var end = begin
    while end - begin < milliseconds * 1_000_000 {
        for _ in 0..<batch { pick() }
        picks += batch
        end = now()
    }
    return Double(end - begin) / Double(picks)
}

for policy in BalancePolicy.allCases {
    for workers in [1, 4, 16, 64] {
        for endpoints in [1, 10, 100, 1_000, 10_000] {
            let nanoseconds = try measure(policy, endpoints: endpoints, workers: workers)
            print(
                "{\"policy\":\"\(policy.rawValue)\",\"endpoints\":\(endpoints),\"workers\":\(workers),"
                    + "\"nanoseconds\":\(nanoseconds)}"
            )
        }
    }
}
