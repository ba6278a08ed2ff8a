import Testing

@testable import Fanout

@Suite struct RemovalChoiceTests {
    @Test func whatIsWrittenIsWhatIsMeant() throws {
        #expect(try RemovalPolicy(parsing: "keep") == .keep)
        #expect(try RemovalPolicy(parsing: "drain-when-idle") == .drainWhenIdle)
        #expect(try RemovalPolicy(parsing: "reset") == .reset)
        #expect(try RemovalPolicy(parsing: "close-after=1500ms") == .closeAfter(1_500_000_000))
        #expect(try RemovalPolicy(parsing: "close-after=0") == .closeAfter(0))
    }

    @Test(arguments: ["", "Keep", "close-after", "close-after=", "close-after=30", "close-after=-1s", "drain", "keep "])
    func nothingElseIs(text: String) {
        #expect(throws: InvalidValue.self) { try RemovalPolicy(parsing: text) }
    }
}
