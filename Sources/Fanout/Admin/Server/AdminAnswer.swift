import NIOHTTP1

/// A whole answer of the admin endpoint.
struct AdminAnswer: Sendable {
    let status: HTTPResponseStatus
    let contentType: String
    let body: [UInt8]
    /// Beside those that every answer has.
    var headers: [(name: String, value: String)] = []
    /// Whether the connection ends with it.
    var isLast = false

    static func text(_ status: HTTPResponseStatus, _ text: String) -> AdminAnswer {
        AdminAnswer(status: status, contentType: "text/plain; charset=utf-8", body: Array((text + "\n").utf8))
    }

    /// For a request that was not understood or is not served: what follows it on the connection is not looked at.
    static func refusal(_ status: HTTPResponseStatus, _ text: String) -> AdminAnswer {
        var answer = Self.text(status, text)
        answer.isLast = true
        return answer
    }

    static func json(_ status: HTTPResponseStatus, _ value: some Encodable) -> AdminAnswer {
        do {
            let body = try AdminJSON.encode(value)
            return AdminAnswer(status: status, contentType: "application/json", body: body)
        } catch {
            // A number that JSON has no form for would be our own fault, and no reason to end a proxy.
            return .refusal(.internalServerError, "no answer: \(error)")
        }
    }
}
