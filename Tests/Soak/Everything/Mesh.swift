import Foundation
import NomadDouble
import Traffic

/// The services of a run: what runs behind each, its registrations in the Nomad double, and the task's secrets folder.
///
/// Thread-safe. Each service listens on a loopback address of its own, and so does each backend: local ports are
/// counted for each pair of addresses.
final class Mesh: @unchecked Sendable {
    /// Fewer rows of a service are never registered.
    private static let leastRegistered = 2

    private struct Row {
        let service: String
        let address: TrafficAddress
        /// Of the registration; nil while it has left.
        var id: String?
    }

    let nomad: NomadDouble
    let folder: String
    private let lock = NSLock()
    private var identity: WorkloadToken
    private var rows: [Row] = []

    private var socket: String { folder + "/api.sock" }
    private var token: String { folder + "/nomad_token" }

    init(seed: UInt64) throws {
        folder = NSTemporaryDirectory() + "fanout-soak-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        nomad = NomadDouble(seed: seed)
        identity = nomad.mintToken()
        try TokenFile.write(identity.text, to: folder + "/nomad_token")
        try nomad.listen(at: folder + "/api.sock")
    }

    func end() {
        nomad.shutdown()
        try? FileManager.default.removeItem(atPath: folder)
    }

    var environment: [String: String] {
        [
            "NOMAD_SECRETS_DIR": folder, "NOMAD_NAMESPACE": "default", "NOMAD_REGION": "global",
            "NOMAD_ALLOC_ID": UUID().uuidString,
        ]
    }

    // MARK: Endpoints

    /// Makes the address one of the service's, and registers it.
    func join(_ service: String, _ address: TrafficAddress) {
        lock.withLock {
            rows.append(Row(service: service, address: address))
            register(rows.count - 1)
        }
    }

    /// Lets the address leave the service.
    func leave(_ service: String, _ address: TrafficAddress) {
        lock.withLock {
            for index in rows.indices where rows[index].service == service && rows[index].address == address {
                if let id = rows[index].id { nomad.delete(id: id) }
                rows[index].id = nil
            }
        }
    }

    /// Registers all that has left.
    func joinAll() {
        lock.withLock {
            for index in rows.indices where rows[index].id == nil { register(index) }
        }
    }

    /// Lets a random endpoint leave, or join again; false when it must stay because few are left.
    func flap(_ random: inout SeededGenerator) -> Bool {
        lock.withLock {
            let index = Int.random(in: rows.indices, using: &random)
            guard let id = rows[index].id else {
                register(index)
                return true
            }
            let left = rows.count(where: { $0.service == rows[index].service && $0.id != nil })
            guard left > Self.leastRegistered else { return false }
            nomad.delete(id: id)
            rows[index].id = nil
            return true
        }
    }

    /// To be called with the lock held.
    private func register(_ index: Int) {
        guard case .ipv4(let host, let port) = rows[index].address else {
            preconditionFailure("backends listen on IPv4")
        }
        let registration = Registration(service: rows[index].service, address: host, port: Int(port))
        nomad.upsert(registration)
        rows[index].id = registration.id
    }

    // MARK: The API

    /// A new token in the file, as slowly as Nomad may write it; the old one is refused from then on.
    func rotateToken() throws {
        let old = lock.withLock { identity }
        let new = try nomad.rotateToken(old, file: token, pause: 20, splits: true)
        lock.withLock { identity = new }
    }

    func restartAPI() throws {
        nomad.stop(.taskAPI)
        try nomad.listen(at: socket)
    }

    /// As a dying agent leaves it: the socket's file stays and refuses.
    func crashAPI(for seconds: Double, _ sign: StopSign) throws {
        nomad.crash(.taskAPI)
        _ = sign.rest(seconds)
        try nomad.listen(at: socket)
    }

    func heal() {
        nomad.clearFaults()
        joinAll()
    }
}
