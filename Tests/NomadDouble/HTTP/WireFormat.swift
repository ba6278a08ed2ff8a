import NIOHTTP1

/// How Go's net/http puts an answer on the wire.
enum WireFormat {
    /// Up to this many bytes Go buffers a body whole and knows its length; a longer one goes out in chunks.
    static let longestBufferedBody = 2048

    enum Framing {
        case contentLength
        case chunked
        case untilClose
    }

    /// The bytes before the body, and the body as framed.
    struct Message {
        var head: [UInt8]
        var body: [UInt8]
        var closes: Bool

        var bytes: [UInt8] { head + body }
    }

    static func message(_ answer: Answer, to request: Request) -> Message {
        var framing = Framing.contentLength
        if answer.body.count > longestBufferedBody { framing = request.isHTTP10 ? .untilClose : .chunked }
        let closes = answer.closes || !request.keepsAlive || framing == .untilClose
        return message(
            answer,
            framing: framing,
            closes: closes,
            version: request.isHTTP10 ? "HTTP/1.0" : "HTTP/1.1",
            hasBody: request.method != "HEAD"
        )
    }

    static func message(
        _ answer: Answer,
        framing: Framing,
        closes: Bool,
        version: String = "HTTP/1.1",
        hasBody: Bool = true
    ) -> Message {
        let reason = HTTPResponseStatus(statusCode: answer.status).reasonPhrase
        var lines = ["\(version) \(answer.status) \(reason)"]
        lines += answer.headers.sorted { $0.name < $1.name }.map { "\($0.name): \($0.value)" }
        lines.append("Date: \(HTTPDate.now)")
        var body = hasBody ? answer.body : []
        switch framing {
        case .contentLength:
            lines.append("Content-Length: \(answer.body.count)")
        case .chunked:
            if hasBody { body = chunk(answer.body) + lastChunk }
        case .untilClose:
            break
        }
        if closes { lines.append("Connection: close") }
        if framing == .chunked { lines.append("Transfer-Encoding: chunked") }
        return Message(
            head: Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8),
            body: body,
            closes: closes
        )
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)

    /// One chunk, as a handler's single write makes one; `extensions` go after the size.
    static func chunk(_ bytes: [UInt8], extensions: String = "") -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\(extensions)\r\n".utf8) + bytes + Array("\r\n".utf8)
    }

    /// What net/http itself answers, before any handler, to a request it cannot serve; the connection ends with it.
    static func protocolError(_ text: String) -> [UInt8] {
        let headers = "Content-Type: text/plain; charset=utf-8\r\nConnection: close"
        return Array("HTTP/1.1 \(text)\r\n\(headers)\r\n\r\n\(text)".utf8)
    }

    /// `connlimit`'s answer to one connection too many from an address; the connection ends with it.
    static let tooManyConnections: [UInt8] = {
        let text =
            "Your IP is issuing too many concurrent connections, please rate limit your calls\n"
        let headers = "Content-Type: text/plain\r\nContent-Length: \(text.utf8.count)\r\nConnection: close"
        return Array("HTTP/1.1 429 Too Many Requests\r\n\(headers)\r\n\r\n\(text)".utf8)
    }()
}
