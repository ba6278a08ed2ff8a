import Glibc
import NIOCore
import Reactor

/// `fanout top` where there is no terminal: what there is to see, once.
struct TopShot {
    let client: AdminClient
    /// Between the two readings of which rates are made.
    let interval: Interval

    /// Wide enough for all that matters; files and pagers have no width of their own.
    private static let width = 132

    /// The tables in ASCII.
    func text() throws(AdminFailure) -> String {
        var state = TopState()
        state.receive(.success(try client.reading(connections: nil)))
        usleep(UInt32(clamping: interval.nanoseconds / 1000))
        state.receive(.success(try client.reading(connections: nil)))
        let page = TopView(state: state, address: "\(client.address)", now: .now()).page(width: Self.width)
        var text = String.UnicodeScalarView()
        for line in page.lines {
            text.append(contentsOf: line.unicodeScalars.map(PlainText.ascii))
            text.append("\n")
        }
        return String(text)
    }

    /// `{"status":...,"endpoints":...,"connections":...}`, each as the admin endpoint wrote it.
    func json() throws(AdminFailure) -> String {
        let targets = [
            ("status", "/status"), ("endpoints", "/endpoints"),
            ("connections", "/connections?limit=\(ConnectionsReport.mostShown)"),
        ]
        var parts: [String] = []
        for (name, target) in targets {
            let answer = try client.get(target, within: AdminClient.patience)
            guard answer.status == 200 else { throw AdminFailure("HTTP \(answer.status) for \(target)") }
            // Only what is JSON may stand inside of JSON.
            _ = try answer.decode(AnyJSON.self)
            // On one line: JSON has line ends only where they mean nothing.
            let line = answer.body.readableBytesView.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            parts.append("\"\(name)\":\(String(decoding: line, as: UTF8.self))")
        }
        return "{\(parts.joined(separator: ","))}\n"
    }

    /// Any object; its members are not looked at.
    private struct AnyJSON: Decodable {
        private enum Keys: CodingKey {}

        init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: Keys.self) }
    }
}
