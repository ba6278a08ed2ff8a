import NIOCore
import NIOPosix

/// Asks the admin endpoint of a running Fanout, one connection a request; for the commands beside `fanout run`.
///
/// Calls block the thread that makes them, for no longer than they are told to. Answers are bounded as Nomad's are.
struct AdminClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: ByteBuffer
    }

    let address: AdminAddress

    /// One thread for as long as the process lives: the commands that use it end with it.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Reads `target`, whatever the status of the answer.
    func get(_ target: String, within limit: Duration) throws(AdminFailure) -> Answer {
        let loop = Self.group.next()
        let promise = loop.makePromise(of: Result<Answer, AdminFailure>.self)
        let address = address
        loop.execute { AdminExchange(address, target, within: limit, loop, promise).start() }
        do {
            return try promise.futureResult.wait().get()
        } catch {
            throw error as? AdminFailure ?? AdminFailure("\(error)")
        }
    }

    /// Reads the report behind `target`, which must be there.
    func read<Report: Decodable>(
        _: Report.Type,
        at target: String,
        within limit: Duration
    ) throws(AdminFailure) -> Report {
        let answer = try get(target, within: limit)
        guard answer.status == 200 else { throw AdminFailure("HTTP \(answer.status) for \(target)") }
        return try answer.decode(Report.self)
    }
}

extension AdminClient.Answer {
    /// The body as a report; an answer of something else than Fanout, or of another version of it, is none.
    func decode<Report: Decodable>(_: Report.Type) throws(AdminFailure) -> Report {
        guard JSONSize(body).values <= ServiceRegistration.mostValues else {
            throw AdminFailure("the answer is too large")
        }
        do {
            return try AdminJSON.decode(Report.self, from: body.readableBytesView)
        } catch {
            throw AdminFailure("the answer is not that of Fanout \(Version.current): \(Self.place(of: error))")
        }
    }

    private static func place(of error: any Error) -> String {
        let context: DecodingError.Context? =
            switch error as? DecodingError {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context
            case .keyNotFound(let key, let context):
                DecodingError.Context(codingPath: context.codingPath + [key], debugDescription: "")
            case nil: nil
            @unknown default: nil
            }
        let path = context?.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue } ?? []
        return path.isEmpty ? "it is no JSON" : "nothing that can be used at \(path.joined(separator: "."))"
    }
}
