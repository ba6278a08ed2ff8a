/// How a cell looks; colours are the terminal's own, so that they suit its background.
struct Style: Equatable, Sendable {
    /// The second digit of the order that selects it (ECMA-48, 8.3.117).
    enum Colour: UInt8, Sendable {
        case red = 1
        case green
        case yellow
        case blue
        case magenta
    }

    var colour: Colour?
    var isBold = false
    var isDim = false
    var isInverse = false

    static let plain = Style()
    static let bold = Style(isBold: true)
    static let dim = Style(isDim: true)
}

/// What a terminal is to show: a rectangle of cells, each a character that is one column wide.
struct Frame: Equatable, Sendable {
    struct Cell: Equatable, Sendable {
        var character: Unicode.Scalar = " "
        var style = Style.plain
    }

    let width: Int
    let height: Int
    private(set) var cells: [Cell]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        cells = Array(repeating: Cell(), count: width * height)
    }

    /// Writes text into `width` columns from `column` on; what does not fit ends in dots, what lies outside is cut off.
    mutating func put(
        _ text: String,
        row: Int,
        column: Int,
        width limit: Int? = nil,
        style: Style = .plain,
        isRight: Bool = false
    ) {
        let room = min(limit ?? width, width - column)
        guard (0..<height).contains(row), column >= 0, room > 0 else { return }
        var characters = PlainText.characters(of: text)
        if characters.count > room { characters = characters.prefix(room - 1) + ["…"] }
        let start = row * width + column + (isRight ? room - characters.count : 0)
        for (offset, character) in characters.enumerated() {
            cells[start + offset] = Cell(character: character, style: style)
        }
    }

    /// Gives a whole row a style.
    mutating func paint(row: Int, _ change: (inout Style) -> Void) {
        guard (0..<height).contains(row) else { return }
        for index in row * width..<(row + 1) * width { change(&cells[index].style) }
    }

    /// The rows as text, without the blanks at their ends.
    var lines: [String] {
        (0..<height).map { row in
            var text = String.UnicodeScalarView()
            text.append(contentsOf: cells[row * width..<(row + 1) * width].map(\.character))
            while text.last == " " { text.removeLast() }
            return String(text)
        }
    }
}
