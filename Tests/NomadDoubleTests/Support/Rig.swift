import Foundation
import NomadDouble

/// A double in a directory of its own, with an accepted token; gone with the last reference.
final class Rig {
    let double: NomadDouble
    let directory: String
    let token: WorkloadToken

    var socket: String { directory + "/api.sock" }

    init(_ change: (inout Settings) -> Void = { _ in }) {
        var settings = Settings()
        change(&settings)
        double = NomadDouble(settings: settings, seed: 7)
        directory = NSTemporaryDirectory() + "/nd-" + UUID().uuidString.prefix(8)
        try! FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        token = double.mintToken()
    }

    /// A rig whose task door is open.
    static func serving(_ change: (inout Settings) -> Void = { _ in }) throws -> Rig {
        let rig = Rig(change)
        try rig.double.listen(at: rig.socket)
        return rig
    }

    deinit {
        double.shutdown()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func connect() throws -> RawClient { try RawClient(path: socket) }

    /// One GET with the rig's token on a connection of its own.
    func get(_ target: String) throws -> RawResponse {
        let client = try connect()
        client.get(target, token: token.text)
        return try client.response()
    }

    /// Sends a blocking GET and returns once it is parked.
    func park(_ target: String, door port: Int? = nil) throws -> RawClient {
        let client = try port.map { try RawClient(port: $0) } ?? connect()
        let parked = double.parkedQueries
        client.get(target, token: token.text)
        guard waitUntil({ double.parkedQueries == parked + 1 }) else { throw RawFailure("the query did not park") }
        return client
    }
}
