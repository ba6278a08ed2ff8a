import Foundation
import Fuzzing
import Glibc
import NIOCore
import NIOHTTP1
import Reactor
import Testing

@testable import Fanout

/// What fuzzing has found, one by one.
@Suite struct FoundFaultTests {
    private func decodes(_ body: String) -> Bool {
        (try? ServiceRegistration.decode(ByteBuffer(string: body))) != nil
    }

    /// 32 MB of `{},` were 3 GB of memory and 20 s of the discovery thread.
    @Test func aDenseAnswerIsRefusedBeforeItBecomesMemory() {
        func list(_ element: String, _ count: Int) -> String {
            "[" + repeatElement(element, count: count).joined(separator: ",") + "]"
        }
        #expect(decodes(list("{}", ServiceRegistration.mostRows)))
        #expect(!decodes(list("{}", ServiceRegistration.mostRows + 1)))
        #expect(decodes("[{\"New\":\(list("0", 500_000))}]"))
        #expect(!decodes("[{\"New\":\(list("0", 600_001))}]"))
        #expect(!decodes("[{\"New\":\(list("[]", 300_001))}]"))
        #expect(decodes("[{\"ID\":\"\(String(repeating: ",[{:\\\"", count: 200_000))\"}]"))
    }

    @Test(arguments: [
        ("", 0, 0), ("[]", 1, 1), ("[1,2,3]", 3, 3), ("[[1,2],{\"a\":1,\"b\":[]}]", 2, 9), ("\"[,]\"", 0, 0),
        ("[\"a\\\",[\",1]", 2, 2), ("]]]]", 0, 0), ("{\"a\":\"\\\\\"}", 1, 2),
    ])
    func sizeOfJSON(text: String, elements: Int, values: Int) {
        let size = JSONSize(ByteBuffer(string: text))
        #expect(size.elements == elements && size.values == values)
    }

    /// A terminal takes U+009B for ESC [, some readers U+0085 and U+2028 for the end of a line.
    @Test(arguments: [
        ("\u{9B}31m", #""\u009b31m""#), ("a\u{85}b", #""a\u0085b""#), ("\u{2028}", #""\u2028""#),
        ("\u{A0}é", "\u{A0}é"),
    ])
    func textOfOthersGivesNoOrders(text: String, expected: String) {
        var line = LineBuffer()
        line.append(logfmt: text)
        #expect(line.text == expected)
        if expected != text {
            var quoted = LineBuffer()
            quoted.append(quoted: text)
            #expect(quoted.text == expected)
        }
    }

    /// One character can have any number of bytes, ArgumentParser repeats arguments whole, and escapes are longer still.
    @Test(arguments: [
        ["--workers", "1" + String(repeating: "\u{301}", count: 10_000)],
        ["--service", "a", String(repeating: "x", count: 10_000)],
        ["--service", "a", String(repeating: "\u{1}", count: 250)],
        ["--service", "a", "--nomad-address", String(repeating: "\u{9B}", count: 10_000)],
    ])
    func refusalsAreShortLines(arguments: [String]) {
        let machine = Machine(affinity: 2, cpuQuota: nil, descriptors: 20_000, memory: nil)
        let invocation = CommandLineInterface.parse(arguments: arguments, environment: [:]) { machine }
        guard case .refuse(.usage, let text) = invocation else {
            Issue.record("\(invocation)")
            return
        }
        for line in text.split(separator: "\n") { #expect(Message.fault(line: String(line)) == nil) }
    }

    @Test(arguments: ["http://a\u{9B}31m", "http://a\u{85}b:80", "unix:///a\u{2028}b"])
    func anAddressIsOneLine(address: String) {
        #expect(throws: InvalidValue.self) { try NomadEnvironment.parse(address: address) }
    }

    @Test(arguments: ["http://", "http://[", "unix:"])
    func aLongWrongAddressIsToldInShort(scheme: String) throws {
        let error = #expect(throws: NomadSetupError.self) {
            try NomadAddress(scheme + String(repeating: ":x", count: 50_000), setBy: "NOMAD_ADDR", environment: [:])
        }
        #expect(Message.fault(line: try #require(error).description) == nil)
    }

    /// With a combining mark after it, `@` was another character, and what stood before it was shown.
    @Test func aPasswordIsNotShown() throws {
        let address = "http://user:secret@\u{301}host:80"
        #expect(!NomadEnvironment.withoutPassword(address).contains("secret"))
        let error = #expect(throws: NomadSetupError.self) {
            try NomadAddress(address, setBy: "NOMAD_ADDR", environment: [:])
        }
        #expect(try #require(error).description.contains("secret") == false)
    }

    /// The first 16 KiB of a longer file were taken for the token.
    @Test func aTokenIsNotCut() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("fz-\(UUID().uuidString.prefix(8))")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (length, isToken) in [
            (TokenFile.longest, true), (TokenFile.longest + 1, false), (3 * TokenFile.longest, false),
        ] {
            let token = "a.b." + String(repeating: "c", count: length - 4)
            try Data(token.utf8).write(to: URL(fileURLWithPath: path))
            let reading = WorkloadIdentity(explicitFile: path, environment: [:]) { _ in }.current()
            #expect((reading == .token(token)) == isToken)
            #expect(isToken || reading == .unreadable(SystemError("read \(path)", errno: EFBIG)))
        }
    }

    @Test(arguments: ["7 ", "7\t", " 7", "7"])
    func spaceAroundTheIndexIsNoPartOfIt(value: String) {
        let headers = HTTPHeaders([("X-Nomad-Index", value), ("X-Nomad-Knownleader", "false\t")])
        let answer = NomadAnswer(head: .init(version: .http1_1, status: .ok, headers: headers), body: ByteBuffer())
        #expect(answer.index == 7 && !answer.knownLeader)
    }

    /// A tag with U+2028 in the body of an error broke the log's line.
    @Test func anExcerptIsOneLine() {
        let answer = NomadAnswer(
            head: .init(version: .http1_1, status: .badRequest),
            body: ByteBuffer(string: "a\u{2028}b\u{9B}c")
        )
        #expect(answer.excerpt == "a b c")
    }
}
