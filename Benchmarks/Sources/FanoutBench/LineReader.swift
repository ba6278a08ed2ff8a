import CBench
import Foundation

/// Lines from a pipe or socket, with a deadline for each; does not own the descriptor.
struct LineReader {
    /// The other side has closed.
    enum Ended: Error, CustomStringConvertible {
        case ended(sender: String)

        var description: String {
            switch self {
            case .ended(let sender): "\(sender) ended early"
            }
        }
    }

    private let descriptor: Int32
    private var buffered: [UInt8] = []

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// The next line, without its end; `sender` names the other side in errors.
    mutating func next(within seconds: Double, from sender: String) throws -> String {
        let deadline = now() + UInt64(seconds * 1e9)
        while true {
            if let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffered.removeFirst(end + 1) }
                return String(decoding: buffered[..<end], as: UTF8.self)
            }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = Int64(deadline) - Int64(now())
            guard left > 0 else { throw BenchError("\(sender) did not answer in \(seconds) s") }
            guard unsafe poll(&entry, 1, Int32(left / 1_000_000) + 1) > 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = unsafe read(descriptor, &bytes, bytes.count)
            guard count > 0 else {
                guard bench_interrupted() == 0 else { throw BenchError("interrupted") }
                throw Ended.ended(sender: sender)
            }
            buffered += bytes[..<count]
        }
    }
}
