import Reactor
import Testing

@Suite struct TokenTests {
    private static let operations = (UInt8(0)...255).compactMap(Operation.init(rawValue:))

    @Test func aTokenKeepsItsParts() {
        #expect(Self.operations.count == 10)
        for operation in Self.operations {
            for slot in [0, 1, 0x1234_5678, UInt32.max] {
                let token = Token(operation, slot: slot, generation: 0xAB_CDEF)
                #expect(token.operation == operation)
                #expect(token.slot == slot)
                #expect(token.isOf(generation: 0xAB_CDEF))
                #expect(!token.isOf(generation: 0xAB_CDEE))
                #expect(Token(rawValue: token.rawValue) == token)
            }
        }
    }

    @Test func aGenerationIsComparedInItsLow24Bits() {
        let token = Token(.connect, slot: 7, generation: 0x0100_0001)
        #expect(token.isOf(generation: 1))
        #expect(token.isOf(generation: 0xFF00_0001))
        #expect(!token.isOf(generation: 0))
        #expect(token.operation == .connect)
    }

    @Test func everyPartMakesAnotherToken() {
        let tokens = Self.operations.flatMap { operation in
            (0..<3).flatMap { slot in
                (0..<3).map { Token(operation, slot: slot, generation: $0).rawValue }
            }
        }
        #expect(Set(tokens).count == tokens.count)
    }

    /// The driver keeps its own numbers to itself: one that reaches a session is a fault of ours.
    @Test func aForeignNumberIsNoOperation() async {
        await #expect(processExitsWith: .failure) { _ = Token(rawValue: .max).operation }
        await #expect(processExitsWith: .failure) {
            _ = Token(rawValue: UInt64(Operation.upstreamHangup.rawValue + 1) << 56).operation
        }
    }
}
