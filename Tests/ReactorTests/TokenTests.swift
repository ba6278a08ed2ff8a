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

    @Test func aForeignNumberIsNoOperation() {
        #expect(Token(rawValue: .max).operation == nil)
        #expect(Token(rawValue: .max - 1).operation == nil)
    }
}
