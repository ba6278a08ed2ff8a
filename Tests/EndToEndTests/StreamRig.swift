import Foundation
import Testing
import Traffic

/// The proxy in front of one server, with both ends in the hands of the test.
final class StreamRig {
    let server = RawServer()
    let fanout: FanoutProcess
    private let before: FanoutProcess.State

    /// - Parameter refusing: system calls that the proxy is refused.
    init(_ more: [String] = [], refusing: [(call: Int, errno: Int32)] = []) throws {
        fanout = try proxy(to: [server.address], ["--workers", "1"] + more, refusing: refusing)
        _ = try fanout.address()
        before = try fanout.quietState()
        #expect(before.total("pipes") == 0)
    }

    deinit {
        fanout.stop()
        server.stop()
    }

    func connect(seed: UInt64 = 1) throws -> (client: StreamPeer, upstream: StreamPeer) {
        let client = try LineClient(to: try fanout.address())
        return StreamPeer.pair(client, try server.accept(), seed: seed)
    }

    func total(_ counter: String) throws -> Int { try fanout.state().total(counter) }

    /// Waits until so many directions are spliced.
    func waitForPipes(_ count: Int) throws {
        try fanout.wait("\(count) pipes in use") { try total("pipes") == count }
    }

    /// Everything that connections took has been given back.
    func expectHome() throws {
        let after = try fanout.quietState()
        #expect(after.total("pipes") == 0)
        #expect(after.total("pending_operations") == before.total("pending_operations"))
        #expect(after.total("free_buffers") == before.total("free_buffers"))
        #expect(after.process["descriptors"] == before.process["descriptors"])
        #expect(after.endpoints.values.allSatisfy { $0 == 0 })
    }
}

/// Which directions are full.
enum Ways: CaseIterable {
    case up, down, both

    var count: Int { self == .both ? 2 : 1 }

    /// Who sends, and who receives from them.
    func senders(_ ends: (client: StreamPeer, upstream: StreamPeer)) -> [(from: StreamPeer, to: StreamPeer)] {
        switch self {
        case .up: [(ends.client, ends.upstream)]
        case .down: [(ends.upstream, ends.client)]
        case .both: [(ends.client, ends.upstream), (ends.upstream, ends.client)]
        }
    }
}
