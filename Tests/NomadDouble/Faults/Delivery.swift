/// What is done to a connection to deliver one answer, in order.
enum DeliveryStep: Sendable {
    case send([UInt8])
    /// One byte every so many milliseconds.
    case dribble([UInt8], milliseconds: Int)
    case close
    case reset
    /// Nothing ever follows on this connection.
    case stall
}

enum Delivery {
    static func steps(_ answer: Answer, to request: Request, fault: FramingFault? = nil) -> [DeliveryStep] {
        let ordinary = WireFormat.message(answer, to: request)
        let ending: [DeliveryStep] = ordinary.closes ? [.close] : []
        guard let fault else { return [.send(ordinary.bytes)] + ending }
        switch fault {
        case .endBeforeContentLength:
            let message = WireFormat.message(answer, framing: .contentLength, closes: false)
            return [.send(message.head + message.body.prefix(message.body.count / 2)), .close]
        case .endBeforeLastChunk:
            let message = WireFormat.message(answer, framing: .chunked, closes: false)
            return [.send(message.head + WireFormat.chunk(answer.body)), .close]
        case .dribbleBody(let milliseconds):
            return [.send(ordinary.head), .dribble(ordinary.body, milliseconds: milliseconds)] + ending
        case .dribbleHead(let milliseconds):
            return [.dribble(ordinary.head, milliseconds: milliseconds), .send(ordinary.body)] + ending
        case .silence:
            return [.stall]
        case .reset:
            return [.reset]
        case .twice:
            return [.send(ordinary.bytes + ordinary.bytes)] + ending
        case .connectionClose:
            var closing = answer
            closing.closes = true
            return [.send(WireFormat.message(closing, to: request).bytes), .close]
        case .chunkExtensions:
            let head = WireFormat.message(answer, framing: .chunked, closes: false).head
            let body = WireFormat.chunk(answer.body, extensions: ";name=value;flag")
            return [.send(head + body + Array("0;last\r\nX-Checksum: 1\r\n\r\n".utf8))] + ending
        case .http10:
            let message = WireFormat.message(answer, framing: .untilClose, closes: false, version: "HTTP/1.0")
            return [.send(message.bytes), .close]
        }
    }
}
