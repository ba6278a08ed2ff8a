import Testing

@testable import Fanout

@Suite struct FrameTests {
    @Test func textIsCutWithDots() {
        var frame = Frame(width: 10, height: 2)
        frame.put("0123456789abc", row: 0, column: 0)
        frame.put("abc", row: 1, column: 2, width: 5, isRight: true)
        #expect(frame.lines == ["012345678…", "    abc"])
    }

    @Test func whatLiesOutsideIsLeftOut() {
        var frame = Frame(width: 4, height: 1)
        for (row, column) in [(-1, 0), (1, 0), (0, -1), (0, 4), (0, 99)] { frame.put("x", row: row, column: column) }
        #expect(frame.lines == [""])
    }

    /// Escape sequences, controls, marks that join to others, wide characters and newlines.
    @Test(arguments: [
        ("a\u{1b}[31mb", "a?[31mb"), ("a\nb", "a?b"), ("a\u{9b}b", "a?b"), ("e\u{301}x", "?x"), ("世x", "?x"),
        ("\u{202e}x", "?x"), ("👩‍👩‍👧x", "?x"), ("a\u{0}b", "a?b"), ("\u{7f}", "?"), ("a\tb", "a?b"), ("\r\nx", "?x"),
    ])
    func foreignTextHasOneColumnACharacterAndGivesNoOrders(text: String, expected: String) {
        var frame = Frame(width: 20, height: 1)
        frame.put(text, row: 0, column: 0)
        #expect(frame.lines == [expected])
    }

    @Test func wrapsWords() {
        #expect(PlainText.wrapped("one two three", width: 7) == ["one two", "three"])
        #expect(PlainText.wrapped("  ", width: 7).isEmpty)
    }

    @Test(arguments: [
        ([:], false), (["LANG": "C"], false), (["LANG": "de_DE.UTF-8"], true), (["LANG": "C.utf8"], true),
        (["LC_ALL": "C", "LANG": "C.UTF-8"], false), (["LC_ALL": "", "LC_CTYPE": "C.UTF-8"], true),
    ])
    func localeTellsWhetherThereIsMoreThanASCII(environment: [String: String], expected: Bool) {
        #expect(PlainText.isUnicode(environment) == expected)
    }
}

@Suite struct FrameWriterTests {
    private func frame(_ seed: UInt64, width: Int, height: Int) -> Frame {
        var random = SplitMix(state: seed)
        var frame = Frame(width: width, height: height)
        for _ in 0..<20 {
            let word = String(repeating: ["a", "b…", "µ1", " "].randomElement(using: &random) ?? "", count: 3)
            let style = Style(
                colour: [nil, .red, .green].randomElement(using: &random) ?? nil,
                isBold: .random(using: &random),
                isInverse: .random(using: &random)
            )
            frame.put(
                word,
                row: .random(in: 0..<height, using: &random),
                column: .random(in: 0..<width, using: &random),
                style: style
            )
        }
        return frame
    }

    /// A terminal that gets only the differences shows the frame.
    @Test func differencesAddUpToTheFrame() {
        var writer = FrameWriter(isUnicode: true, isColoured: true)
        var screen = VirtualScreen(width: 30, height: 8)
        for seed in 1...200 as ClosedRange<UInt64> {
            let frame = frame(seed, width: 30, height: 8)
            screen.write(writer.show(frame).utf8)
            #expect(screen.lines == frame.lines, "seed \(seed)")
        }
        #expect(screen.faults.isEmpty)
    }

    @Test func aNewSizeIsWrittenWhole() {
        var writer = FrameWriter(isUnicode: true, isColoured: true)
        _ = writer.show(frame(1, width: 30, height: 8))
        var screen = VirtualScreen(width: 20, height: 5)
        let frame = frame(2, width: 20, height: 5)
        screen.write(writer.show(frame).utf8)
        #expect(screen.lines == frame.lines)
    }

    @Test func whatIsShownIsNotWrittenAgain() {
        var writer = FrameWriter(isUnicode: true, isColoured: true)
        let frame = frame(1, width: 30, height: 8)
        #expect(!writer.show(frame).isEmpty)
        #expect(writer.show(frame).isEmpty)
        writer.forget()
        #expect(!writer.show(frame).isEmpty)
    }

    @Test func coloursAndGlyphsCanBeLeftOut() {
        var plain = FrameWriter(isUnicode: false, isColoured: false)
        var frame = Frame(width: 6, height: 1)
        frame.put("85 µs…", row: 0, column: 0, style: Style(colour: .red))
        let text = plain.show(frame)
        #expect(text.contains("85 us~"))
        #expect(!text.contains("[0;31m"))
        var coloured = FrameWriter(isUnicode: true, isColoured: true)
        #expect(coloured.show(frame).contains("\u{1b}[0;31m"))
    }
}

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators".
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct KeyTests {
    private func keys(_ pieces: String...) -> [Key] {
        var parser = KeyParser()
        return pieces.flatMap { parser.keys(in: $0.utf8) }
    }

    @Test func readsWhatTerminalsSend() {
        #expect(keys("q\u{1b}[A\u{1b}OB\t\u{1b}[Z") == [.character(UInt8(ascii: "q")), .up, .down, .tab, .backTab])
        #expect(keys("\u{1b}[5~\u{1b}[6~\u{1b}[H\u{1b}[4~") == [.pageUp, .pageDown, .home, .end])
        #expect(keys("\u{1b}[C\u{1b}[D") == [.right, .left])
    }

    @Test func sequencesMayComeInPieces() {
        #expect(keys("\u{1b}", "[", "A") == [.up])
        #expect(keys("\u{1b}[1;", "5A", "q") == [.character(UInt8(ascii: "q"))])
    }

    @Test func escapeAndUnknownSequencesAreNothing() {
        #expect(keys("\u{1b}q") == [.character(UInt8(ascii: "q"))])
        #expect(keys("\u{1b}[200~") == [])
    }

    /// A sequence without an end does not swallow keys for ever.
    @Test func endlessSequencesAreGivenUp() {
        #expect(keys("\u{1b}[" + String(repeating: "1", count: 40), "q") == [.character(UInt8(ascii: "q"))])
    }
}
