/// Answers of which one part never ends.
public enum Endless: String, CaseIterable, Sendable {
    case fields, field, chunks, interim, trailers, chunkExtension, reason

    /// More than any limit of the product.
    private static let total = 40 << 20

    /// After how many bytes a reader that keeps this part must have given up; nil for what it need not keep.
    public var limit: Int? {
        switch self {
        case .fields, .field, .trailers: 4 << 20
        case .chunks: WireReading.longestBody + (4 << 20)
        case .interim, .chunkExtension, .reason: nil
        }
    }

    public var answer: WireAnswer {
        let chunked = HTTPMutator.head(status: "200 OK", index: "7") + "Transfer-Encoding: chunked\r\n\r\n"
        let filler = String(repeating: "a", count: 1_000)
        let (start, unit): (String, String) =
            switch self {
            case .fields: ("HTTP/1.1 200 OK\r\n", "X-A: \(filler)\r\n")
            case .field: ("HTTP/1.1 200 OK\r\nX-A: ", filler)
            case .chunks: (chunked + "1\r\n[\r\n", "4000\r\n" + String(repeating: " ", count: 0x4000) + "\r\n")
            case .interim: ("", "HTTP/1.1 100 Continue\r\n\r\n")
            case .trailers: (chunked + "2\r\n[]\r\n0\r\n", "X-A: \(filler)\r\n")
            case .chunkExtension: (chunked + "1;", filler)
            case .reason: ("HTTP/1.1 200 ", filler)
            }
        var answer = WireAnswer(Array(start.utf8))
        answer.flood = WireAnswer.Flood(unit: Array(unit.utf8), total: limit == nil ? Self.total / 10 : Self.total)
        answer.ending = .close
        return answer
    }
}
