import Glibc

/// One direction's bytes: a function of seed and offset, so that sender and checker need no memory of it.
struct ByteStream {
    /// Mixed, so that neighbouring seeds do not give shifted copies of one stream.
    private let key: UInt64

    init(seed: UInt64) {
        key = RandomSource.mix(seed)
    }

    @inline(__always)
    func word(_ index: UInt64) -> UInt64 {
        var value = (key &+ index) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 32
        value = value &* 0xBF58_476D_1CE4_E5B9
        return value ^ (value >> 29)
    }
}

/// The two buffers of one engine thread: what came in, and what the stream says. Not shared between threads.
@safe final class Scratch {
    static let capacity = 64 * 1024

    private let incoming = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    // One word at each end, since a range may begin and end inside a word.
    private let generated = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity + 16, alignment: 64)

    deinit {
        unsafe incoming.deallocate()
        unsafe generated.deallocate()
    }

    /// Receives up to `limit` bytes, at most `capacity`.
    func receive(_ descriptor: Int32, limit: Int) -> Transfer {
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: incoming[..<min(limit, incoming.count)])
        return unsafe Socket.receive(descriptor, target)
    }

    /// The first `count` bytes of the last receive, copied.
    func received(_ count: Int) -> [UInt8] {
        unsafe Array(incoming[..<count])
    }

    /// The offset of the first wrong byte among the `count` last received, which should be the stream's from `offset`
    /// on; nil when all are right.
    func firstMismatch(_ stream: ByteStream, offset: Int, count: Int) -> Int? {
        let expected = unsafe generate(stream, offset: offset, count: count)
        guard let actual = unsafe incoming.baseAddress, let wanted = expected.baseAddress,
            unsafe memcmp(actual, wanted, count) != 0
        else { return nil }
        for index in 0..<count where unsafe incoming[index] != expected[index] { return offset + index }
        return nil
    }

    /// Sends up to `count` bytes of the stream from `offset` on.
    func send(_ descriptor: Int32, _ stream: ByteStream, offset: Int, count: Int) -> Transfer {
        unsafe Socket.send(descriptor, generate(stream, offset: offset, count: min(count, Self.capacity)))
    }

    private func generate(_ stream: ByteStream, offset: Int, count: Int) -> UnsafeRawBufferPointer {
        let skipped = offset & 7
        let first = UInt64(offset >> 3)
        let words = (skipped + count + 7) >> 3
        let target = unsafe generated.assumingMemoryBound(to: UInt64.self)
        for index in 0..<words { unsafe target[index] = stream.word(first &+ UInt64(index)) }
        return unsafe UnsafeRawBufferPointer(rebasing: generated[skipped..<(skipped + count)])
    }
}
