import Foundation
import Testing

@testable import Fanout

/// Closes streams of this process, so only for a process of its own.
private func occupiesClosedStreams() -> Bool {
    close(STDIN_FILENO)
    close(STDOUT_FILENO)
    StandardStreams.occupy()
    let next = unsafe open("/dev/null", O_RDONLY)
    let written = unsafe write(STDOUT_FILENO, "x", 1)
    return next > STDERR_FILENO && fcntl(STDIN_FILENO, F_GETFD) >= 0 && written == 1
}

@Suite struct StandardStreamsTests {
    @Test func closedStreamsAreOccupied() async {
        await #expect(processExitsWith: .exitCode(7)) {
            exit(occupiesClosedStreams() ? 7 : 1)
        }
    }

    @Test func aDeadDescriptorIsGivenUp() {
        StandardStreams.write("nobody reads this", to: 999_999)
    }
}
