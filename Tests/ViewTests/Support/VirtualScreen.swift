/// A terminal as far as `fanout top` may use one: what is written to it becomes rows of text.
struct VirtualScreen {
    private(set) var width: Int
    private(set) var height: Int
    private(set) var rows: [[Character]]
    private(set) var isSecond = false
    private(set) var isCursorHidden = false
    /// Orders that a terminal of this kind does not know, and text beyond its edge.
    private(set) var faults: [String] = []
    private var cursor = (row: 0, column: 0)
    private var pending: [UInt8] = []

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        rows = Array(repeating: Array(repeating: " ", count: width), count: height)
    }

    var lines: [String] {
        rows.map { row in
            let end = row.lastIndex { $0 != " " }.map { $0 + 1 } ?? 0
            return String(row[..<end])
        }
    }

    var text: String { lines.joined(separator: "\n") }

    mutating func resize(width: Int, height: Int) {
        self.width = width
        self.height = height
        rows = (0..<height).map { row in
            (0..<width).map { row < rows.count && $0 < rows[row].count ? rows[row][$0] : " " }
        }
    }

    mutating func write(_ bytes: some Sequence<UInt8>) {
        pending += bytes
        while let first = pending.first {
            if first == 0x1b {
                guard let end = pending.dropFirst(2).firstIndex(where: { (0x40...0x7e).contains($0) }) else { return }
                obey(String(decoding: pending[1...end], as: UTF8.self))
                pending.removeFirst(end + 1)
            } else {
                // The length of a UTF-8 sequence by its first byte (RFC 3629).
                let length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
                guard pending.count >= length else { return }
                put(String(decoding: pending[..<length], as: UTF8.self))
                pending.removeFirst(length)
            }
        }
    }

    private mutating func put(_ text: String) {
        switch text {
        case "\r":
            cursor.column = 0
            return
        case "\n":
            cursor.row += 1
            return
        case _: break
        }
        guard let character = text.first, let scalar = text.unicodeScalars.first, scalar.value >= 0x20 else {
            return faults.append("control \(text.utf8.map { $0 })")
        }
        guard rows.indices.contains(cursor.row), rows[cursor.row].indices.contains(cursor.column) else {
            faults.append("\(text) at \(cursor)")
            return
        }
        rows[cursor.row][cursor.column] = character
        cursor.column += 1
    }

    private mutating func obey(_ order: String) {
        switch order {
        case "[?1049h": isSecond = true
        case "[?1049l": isSecond = false
        case "[?25l": isCursorHidden = true
        case "[?25h": isCursorHidden = false
        case "[?7l", "[?7h": break
        case "[2J": rows = Array(repeating: Array(repeating: " ", count: width), count: height)
        case _ where order.hasSuffix("m"): break
        case _ where order.hasSuffix("H"):
            let numbers = order.dropFirst().dropLast().split(separator: ";").compactMap { Int($0) }
            guard numbers.count == 2 else { return faults.append(order) }
            cursor = (numbers[0] - 1, numbers[1] - 1)
        case _: faults.append(order)
        }
    }
}
