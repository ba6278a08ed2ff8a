import Foundation
import Testing

@testable import Fanout

@Suite struct WorkloadIdentityTests {
    private static let old = "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl"

    /// A token file in a folder of its own and the identity that reads it.
    private final class Fixture {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fanout-\(UUID().uuidString)")
        var refreshes: [WorkloadIdentity.Refresh] = []
        var path: String { folder.appendingPathComponent("nomad_token").path }

        init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: folder) }

        /// Truncates and writes in place, as Nomad does.
        func write(_ text: String) throws {
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: nil)
            }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }

        func identity(explicit: Bool = false, _ environment: [String: String] = [:]) -> WorkloadIdentity {
            var environment = environment
            environment["NOMAD_SECRETS_DIR"] = folder.path
            return WorkloadIdentity(explicitFile: explicit ? path : nil, environment: environment) { [self] in
                refreshes.append($0)
            }
        }
    }

    @Test func readsTheFileOnceUntilItChanges() throws {
        let fixture = try Fixture()
        try fixture.write("\n\(Self.old) \r\n")
        let identity = fixture.identity()
        #expect(identity.current() == .token(Self.old))
        #expect(identity.current() == .token(Self.old))
        #expect(fixture.refreshes == [.changed])
        try fixture.write("a.b.other-and-longer")
        #expect(identity.current() == .token("a.b.other-and-longer"))
        #expect(fixture.refreshes == [.changed, .changed])
    }

    @Test(arguments: [
        "", "   ", "eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJSUzI1NiJ9.eyJh", "a.b.", "a.b.c.d", "a.b c.d", "a.\u{1}.c",
    ])
    func keepsTheOldTokenWhileTheFileIsHalfWritten(part: String) throws {
        let fixture = try Fixture()
        try fixture.write(part)
        let identity = fixture.identity()
        #expect(identity.current() == .halfWritten)
        try fixture.write(Self.old)
        #expect(identity.current() == .token(Self.old))
        try fixture.write(part)
        #expect(identity.current() == .token(Self.old))
        #expect(fixture.refreshes == [.halfWritten, .changed, .halfWritten])
        try fixture.write("x.y.z")
        #expect(identity.current() == .token("x.y.z"))
    }

    @Test func aSignatureCutShortIsNotANewToken() throws {
        let fixture = try Fixture()
        try fixture.write(Self.old)
        let identity = fixture.identity()
        #expect(identity.current() == .token(Self.old))
        for length in 1..<Self.old.count {
            try fixture.write(String(Self.old.prefix(length)))
            #expect(identity.current() == .token(Self.old))
        }
    }

    @Test func acceptsAccessTokens() throws {
        let fixture = try Fixture()
        try fixture.write("D7A1B2C3-0000-4000-8000-00000000000F")
        #expect(fixture.identity().current() == .token("D7A1B2C3-0000-4000-8000-00000000000F"))
        try fixture.write("D7A1B2C3-0000-4000-8000-0000000000")
        #expect(fixture.identity().current() == .halfWritten)
    }

    @Test func sourcesHaveAnOrder() throws {
        let fixture = try Fixture()
        let environment = ["NOMAD_TOKEN": " env-token\n"]
        let identity = fixture.identity(environment)
        #expect(identity.current() == .token("env-token"))
        try fixture.write(Self.old)
        #expect(identity.current() == .token(Self.old))
        try FileManager.default.removeItem(atPath: fixture.path)
        #expect(identity.current() == .token(Self.old))

        guard case .unreadable = fixture.identity(explicit: true, environment).current() else {
            Issue.record("--token-file must not fall back")
            return
        }
        let alone = WorkloadIdentity(explicitFile: nil, environment: environment) { _ in }
        #expect(alone.current() == .token("env-token"))
        #expect(alone.reload() == .token("env-token"))
        #expect(WorkloadIdentity(explicitFile: nil, environment: [:]) { _ in }.current() == .absent)
    }

    @Test func reloadReadsAnUnchangedFileToo() throws {
        let fixture = try Fixture()
        try fixture.write(Self.old)
        let identity = fixture.identity()
        identity.reload()
        identity.reload()
        #expect(fixture.refreshes == [.changed, .unchanged])
    }

    @Test func aFolderOrFifoIsAnErrorAndDoesNotBlock() throws {
        let fixture = try Fixture()
        #expect(unsafe mkfifo(fixture.path, 0o600) == 0)
        guard case .unreadable = fixture.identity().current() else {
            Issue.record("a FIFO is no token file")
            return
        }
    }
}
