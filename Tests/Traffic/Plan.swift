/// One verified connection as both sides know it: the client draws it and sends it as the header.
struct Plan {
    static let headerSize = 48
    private static let magic: UInt64 = 0x3146_5245_5620_4E41

    let id: UInt64
    let seed: UInt64
    let upload: Int
    let download: Int
    let ending: Ending
    /// The share of connections (in 1/255) whose sides pause now and then.
    let pauseShare: UInt8

    /// Draws connection `index` of a run; the same options and index give the same plan.
    init(index: Int, run: UInt32, options: VerifyingClient.Options) {
        var random = RandomSource(seed: options.seed &* 0xD6E8_FEB8_6659_FD93 &+ UInt64(index))
        id = UInt64(run) << 32 | UInt64(index)
        seed = random.next()
        ending = options.endings[random.below(options.endings.count)]
        let emptyShare = 0.1
        let up = random.chance(emptyShare) ? 0 : random.size(upTo: options.maximumUpload)
        let down = random.chance(emptyShare) ? 0 : random.size(upTo: options.maximumDownload)
        upload = up
        download = ending == .clientReset ? max(1, down) : down
        pauseShare = UInt8(min(1, max(0, options.pauseShare)) * 255)
    }

    func stream(from side: Side) -> ByteStream {
        ByteStream(seed: seed ^ side.rawValue)
    }

    var drainsBeforeReset: Bool { seed & 1 == 0 }

    /// The header's bytes: little-endian words (magic, id, seed, upload, download), then ending and pause share.
    var header: [UInt8] {
        var bytes: [UInt8] = []
        for word in [Self.magic, id, seed, UInt64(upload), UInt64(download)] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift * 8))) }
        }
        bytes += [ending.rawValue, pauseShare]
        return bytes + [UInt8](repeating: 0, count: Self.headerSize - bytes.count)
    }

    /// Nil when the bytes are not a header that a client of this library wrote.
    init?(header bytes: [UInt8]) {
        guard bytes.count == Self.headerSize else { return nil }
        func word(_ index: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[index * 8 + $1]) << UInt64($1 * 8) }
        }
        guard word(0) == Self.magic, let ending = Ending(rawValue: bytes[40]),
            let upload = Int(exactly: word(3)), let download = Int(exactly: word(4))
        else { return nil }
        id = word(1)
        seed = word(2)
        self.upload = upload
        self.download = download
        self.ending = ending
        pauseShare = bytes[41]
    }
}

/// The rhythm of one side: chunk sizes and pauses, drawn from the plan's seed.
struct Rhythm {
    /// Tiny chunks cost a system call each: a big stream takes larger ones, so that soaks move gigabytes.
    private static let mostChunks = 200
    private static let longestPause = 20

    private var random: RandomSource
    private let chunkLimit: Int
    /// Offsets of the received stream at which reading rests for a while: the peer's sends meet a full window.
    private var pausesLeft: Int
    private var nextPause: Int

    init(_ plan: Plan, side: Side) {
        random = RandomSource(seed: plan.seed ^ (side.rawValue << 32))
        let role = Role(plan, side: side)
        chunkLimit = max(random.size(upTo: Scratch.capacity), role.sendTotal / Self.mostChunks)
        let pauses = random.chance(Double(plan.pauseShare) / 255)
        pausesLeft = pauses ? 1 + random.below(3) : 0
        nextPause = random.below(role.receiveTotal + 1)
    }

    /// The size of the next chunk to send, at least 1.
    mutating func chunk() -> Int {
        1 + random.below(chunkLimit)
    }

    /// How many milliseconds to rest now that `received` bytes were read; 0 for going on.
    mutating func pause(received: Int) -> Int {
        guard pausesLeft > 0, received >= nextPause else { return 0 }
        pausesLeft -= 1
        nextPause = received + 1 + random.below(received + 1)
        return 1 + random.below(Self.longestPause)
    }
}
