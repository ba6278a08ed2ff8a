import Foundation
import Logging
import Reactor
import Synchronization
import Testing

@testable import Fanout

@Suite struct StateFileTests {
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "fanout-state-\(UUID().uuidString.prefix(8))"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let folder: Folder
    private let file: StateFile

    init() throws {
        folder = try Folder()
        file = StateFile(path: folder.path + "/state.json")
    }

    private func mode() throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int)
    }

    @Test func whatWasWrittenIsReadAndNobodyElseReadsIt() throws {
        #expect(try file.read() == nil)
        try file.write([1, 2, 3])
        #expect(try file.read() == [1, 2, 3])
        #expect(try mode() == 0o600)
        try file.write(Array(repeating: 7, count: 3 << 20))
        #expect(try file.read()?.count == 3 << 20)
        #expect(try mode() == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state.json"])
    }

    /// A draft of a process that died, or a link that somebody has put there.
    @Test func whatLiesInTheWayIsReplacedAndNotFollowed() throws {
        let other = folder.path + "/other"
        #expect(FileManager.default.createFile(atPath: other, contents: Data([9])))
        try FileManager.default.createSymbolicLink(atPath: file.path + ".new", withDestinationPath: other)
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: other)
        try file.write([1])
        #expect(try file.read() == [1])
        #expect(FileManager.default.contents(atPath: other) == Data([9]))
    }

    @Test func whatIsNoFileIsRefused() throws {
        #expect(unsafe mkfifo(file.path, 0o600) == 0)
        #expect(throws: SystemError.self) { try file.read() }
        #expect(throws: SystemError.self) { try StateFile(path: folder.path).read() }
        #expect(throws: SystemError.self) { try StateFile(path: folder.path + "/missing/state").write([1]) }
    }

    /// A reader at any moment finds one of the contents, as a whole.
    @Test func aReaderNeverSeesHalfAFile() throws {
        let file = file
        try file.write(Array(repeating: 0, count: 70_000))
        let isOver = Atomic<Bool>(false)
        let wrong = Atomic<Int>(0)
        let seen = Atomic<Int>(0)
        var threads = ThreadGroup()
        try threads.start("reader") {
            var last: UInt8 = 0
            while !isOver.load(ordering: .acquiring) {
                guard let bytes = try? file.read(), bytes.count == 70_000, bytes.allSatisfy({ $0 == bytes[0] }) else {
                    wrong.add(1, ordering: .relaxed)
                    continue
                }
                if bytes[0] != last { seen.add(1, ordering: .relaxed) }
                last = bytes[0]
            }
        }
        // Until the reader has met some of them, too.
        let end = Deadline.now().advanced(by: 20_000_000_000)
        var round = 0
        while round < 100 || seen.load(ordering: .relaxed) < 2, Deadline.now() < end {
            round += 1
            try file.write(Array(repeating: UInt8(truncatingIfNeeded: round), count: 70_000))
        }
        isOver.store(true, ordering: .releasing)
        threads.join()
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(seen.load(ordering: .relaxed) > 1)
    }

    // MARK: The keeper

    private static let redis = SavedState.Name(service: "redis", namespace: "default", region: nil)
    private static let other = SavedState.Name(service: "redis", namespace: "other", region: nil)

    private func keeper(_ names: [Int: SavedState.Name]) throws -> StateKeeper {
        try StateKeeper(path: file.path, names: names, logger: Logger(label: "test"))
    }

    @Test func anotherRunKnowsWhatThisOneHasLearned() throws {
        let first = try keeper([0: Self.redis, 1: Self.other])
        #expect(first.lastKnown(of: 0) == nil)
        first.note(0, [1, 2].endpoints)
        first.note(1, [])
        // Not a service of Nomad.
        first.note(5, [3].endpoints)
        first.finish()
        // Services are known by their names, not by their places.
        let second = try keeper([3: Self.redis, 4: Self.other, 5: .init(service: "new", namespace: "a", region: nil)])
        #expect(second.lastKnown(of: 3)?.endpoints == [1, 2].endpoints)
        #expect((second.lastKnown(of: 3)?.age ?? .max) < 60)
        for unknown in [0, 4, 5] { #expect(second.lastKnown(of: unknown) == nil) }
        // What was not learned anew is kept with its age.
        let before = try StateFormat.decode(try #require(try file.read())).services
        second.note(5, [4].endpoints)
        second.finish()
        let after = try StateFormat.decode(try #require(try file.read())).services
        #expect(after.count == 3)
        #expect(before.allSatisfy { after.contains($0) })
    }

    /// Two sidecars of one allocation with the same flag: each finds its own again.
    @Test func twoProcessesKeepToOneFile() throws {
        let (first, second) = (try keeper([0: Self.redis]), try keeper([0: Self.other]))
        first.note(0, [1].endpoints)
        first.finish()
        second.note(0, [2].endpoints)
        second.finish()
        #expect(try keeper([0: Self.redis]).lastKnown(of: 0)?.endpoints == [1].endpoints)
        #expect(try keeper([0: Self.other]).lastKnown(of: 0)?.endpoints == [2].endpoints)
    }

    /// What was read at the start is older than what another has learned since.
    @Test func whatAnotherHasLearnedSinceIsNotUndone() throws {
        let first = try keeper([0: Self.redis, 1: Self.other])
        first.note(0, [1].endpoints)
        first.finish()
        let second = try keeper([0: Self.redis, 1: Self.other])
        first.note(0, [2].endpoints)
        first.finish()
        second.note(1, [3].endpoints)
        second.finish()
        let third = try keeper([0: Self.redis, 1: Self.other])
        #expect(third.lastKnown(of: 0)?.endpoints == [2].endpoints)
        #expect(third.lastKnown(of: 1)?.endpoints == [3].endpoints)
    }

    @Test func twoWritesAtTheSameTimeAreBothThere() throws {
        let keepers = [try keeper([0: Self.redis]), try keeper([0: Self.other])]
        for round in 1...50 {
            var threads = ThreadGroup()
            for (index, keeper) in keepers.enumerated() {
                try threads.start("keeper-\(index)") {
                    keeper.note(0, [2 * round + index].endpoints)
                    keeper.finish()
                }
            }
            threads.join()
            // Where a disk takes longer than one waits for the other, that one has said so, and does it the next time.
            for keeper in keepers { keeper.finish() }
            let both = try keeper([0: Self.redis, 1: Self.other])
            #expect((0...1).map { both.lastKnown(of: $0)?.endpoints } == (0...1).map { [2 * round + $0].endpoints })
        }
    }

    /// Whoever holds the folder for ever stops nobody for long.
    @Test func aFolderThatStaysHeldIsAFailure() throws {
        let descriptor = unsafe open(folder.path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        let first = try keeper([0: Self.redis])
        first.note(0, [1].endpoints)
        first.finish()
        #expect(try file.read() == nil)
        #expect(flock(descriptor, LOCK_UN) == 0)
        first.finish()
        #expect(try keeper([0: Self.redis]).lastKnown(of: 0)?.endpoints == [1].endpoints)
    }

    /// Those of others are kept, but not without end; one's own always are.
    @Test func theOthersAreBounded() {
        func service(_ number: Int) -> SavedState.Service {
            let name = SavedState.Name(service: "s\(number)", namespace: "default", region: nil)
            return SavedState.Service(name: name, learned: UInt64(number), endpoints: [])
        }
        let most = SavedState.mostOfOthers
        let own = service(0)
        let kept = SavedState.merge(learned: [own.name: own], found: (1...most + 5).map(service), remembered: [:])
        #expect(Set(kept.map(\.learned)) == Set([0] + (6...most + 5).map(UInt64.init)))
    }

    @Test func nothingIsWrittenWithoutNews() throws {
        let keeper = try keeper([0: Self.redis])
        keeper.finish()
        #expect(try file.read() == nil)
    }

    @Test func aDamagedFileIsAsNone() throws {
        try file.write(Array("no state".utf8))
        let keeper = try keeper([0: Self.redis])
        #expect(keeper.lastKnown(of: 0) == nil)
        keeper.note(0, [1].endpoints)
        keeper.finish()
        #expect(try self.keeper([0: Self.redis]).lastKnown(of: 0)?.endpoints == [1].endpoints)
    }
}
