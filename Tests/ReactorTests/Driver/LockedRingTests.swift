import CURing
import Glibc
import Testing

@testable import Reactor

/// A ring does what the driver asks of it, and nothing else: whoever gets hold of it cannot open a file through it.
@Suite struct LockedRingTests {
    private static let used: [io_uring_op] = [
        IORING_OP_ACCEPT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
    ]
    /// The last operation that this kernel knows (io_uring_get_probe(3)).
    private static func last() throws -> UInt8 {
        guard let probe = unsafe io_uring_get_probe() else { throw SystemError("io_uring_get_probe", errno: ENOSYS) }
        defer { unsafe io_uring_free_probe(probe) }
        return unsafe probe.pointee.last_op
    }

    /// The results of an operation that is nothing but its number, on a descriptor that is none.
    private static func result(of opcode: UInt8, flags: UInt8 = 0, on driver: UringDriver) throws -> Int32 {
        let ring = unsafe driver.ring
        guard let sqe = unsafe io_uring_get_sqe(ring) else { throw SystemError("io_uring_get_sqe", errno: EBUSY) }
        unsafe memset(sqe, 0, MemoryLayout<io_uring_sqe>.size)
        unsafe sqe.pointee.opcode = opcode
        unsafe sqe.pointee.fd = -1
        unsafe sqe.pointee.flags = flags
        unsafe sqe.pointee.user_data = 7
        while true {
            var timeout = __kernel_timespec(tv_sec: 20, tv_nsec: 0)
            let code = unsafe fanout_ring_wait(ring, 1, &timeout)
            guard unsafe fanout_cq_ready(ring) > 0 else { throw SystemError("io_uring_enter", errno: -code) }
            let cqe = unsafe fanout_cqe(ring, 0).pointee
            unsafe fanout_cq_advance(ring, 1)
            if cqe.user_data == 7 { return cqe.res }
        }
    }

    @Test func everyOtherOperationIsRefused() throws {
        let driver = try UringDriver(wakeup: Wakeup())
        let used = Set(Self.used.map { UInt8(truncatingIfNeeded: $0.rawValue) })
        let last = try Self.last()
        #expect(last > 40)
        for opcode in 0...last where !used.contains(opcode) {
            let result = try Self.result(of: opcode, on: driver)
            #expect(result == -EACCES, "operation \(opcode): \(result)")
        }
        for opcode in used {
            #expect(try Self.result(of: opcode, on: driver) != -EACCES, "operation \(opcode)")
        }
    }

    @Test func otherFlagsAreRefused() throws {
        let driver = try UringDriver(wakeup: Wakeup())
        let poll = UInt8(truncatingIfNeeded: IORING_OP_POLL_ADD.rawValue)
        for flag in [
            IOSQE_FIXED_FILE_BIT, IOSQE_IO_DRAIN_BIT, IOSQE_IO_LINK_BIT, IOSQE_IO_HARDLINK_BIT, IOSQE_ASYNC_BIT,
        ] {
            let result = try Self.result(of: poll, flags: 1 << UInt8(flag), on: driver)
            #expect(result == -EACCES, "flag \(flag): \(result)")
        }
    }

    /// To register anything would be a way around it.
    @Test func nothingCanBeRegisteredAnyMore() throws {
        let driver = try UringDriver(wakeup: Wakeup())
        var files: [Int32] = [0]
        #expect(unsafe io_uring_register_files(driver.ring, &files, 1) == -EACCES)
        #expect(unsafe io_uring_register_eventfd(driver.ring, files[0]) == -EACCES)
    }
}
