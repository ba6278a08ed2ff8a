/// Turns frames into orders for a terminal (ECMA-48): only what differs from the frame before is written.
struct FrameWriter {
    /// Without UTF-8 and without colours where the terminal or its owner does not want them.
    let isUnicode: Bool
    let isColoured: Bool

    private var shown: Frame?

    init(isUnicode: Bool, isColoured: Bool) {
        self.isUnicode = isUnicode
        self.isColoured = isColoured
    }

    /// The terminal shows something else by now; the next frame is written whole.
    mutating func forget() { shown = nil }

    /// What turns the last frame into this one.
    mutating func show(_ frame: Frame) -> String {
        var output = ""
        var before = shown ?? Frame(width: 0, height: 0)
        if before.width != frame.width || before.height != frame.height {
            output += "\u{1b}[0m\u{1b}[2J"
            before = Frame(width: frame.width, height: frame.height)
        }
        var style = Style.plain
        /// Where the next character would go by itself.
        var cursor = -1
        for index in frame.cells.indices where frame.cells[index] != before.cells[index] {
            let cell = frame.cells[index]
            if cursor != index || index % frame.width == 0 {
                output += "\u{1b}[\(index / frame.width + 1);\(index % frame.width + 1)H"
            }
            if cell.style != style || output.isEmpty {
                output += order(for: cell.style)
                style = cell.style
            }
            output.unicodeScalars.append(isUnicode ? cell.character : PlainText.ascii(cell.character))
            cursor = index + 1
        }
        if style != .plain { output += order(for: .plain) }
        shown = frame
        return output
    }

    private func order(for style: Style) -> String {
        var codes = ["0"]
        if style.isBold { codes.append("1") }
        if style.isDim { codes.append("2") }
        if style.isInverse { codes.append("7") }
        if isColoured, let colour = style.colour { codes.append("3\(colour.rawValue)") }
        return "\u{1b}[\(codes.joined(separator: ";"))m"
    }
}
