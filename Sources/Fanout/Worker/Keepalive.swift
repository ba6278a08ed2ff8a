import Reactor

/// A worker's walks over its sessions, which set up keepalive on those that have none yet.
struct KeepaliveWalk: BitwiseCopyable {
    /// A walk is due, or under way.
    fileprivate(set) var isDue = false
    /// Sessions below this have been looked at by the one that is under way.
    fileprivate var nextSlot: UInt32 = 0
    /// A session has begun since: another walk follows.
    fileprivate var mustFollow = false
}

/// Both sides of an established connection are probed when they are silent for long (`--keepalive`).
///
/// Not from the begin on: most connections are over before a probe is due, and what sets it up is four calls a side, and a
/// timer of the kernel. Nor with a deadline for each, which would be memory. A quarter of the time after a connection has
/// begun, one walk finds it, and all others.
extension Worker {
    /// Sessions that are looked at in one turn.
    private static var keepaliveLooks: UInt32 { 1_024 }

    /// Whose deadline that of the walk is: nobody else's.
    private var keepaliveOwner: UInt32 { UInt32(sessions.capacity + listenerCount) }

    /// A session is relayed from now on.
    @inline(__always)
    func expectKeepalive() {
        guard settings.keepaliveSeconds > 0 else { return }
        if keepalive.isDue {
            keepalive.mustFollow = true
        } else {
            planKeepalive()
        }
    }

    @inline(never)
    private func planKeepalive() {
        keepalive = KeepaliveWalk(isDue: true)
        deadlines.set(keepaliveOwner, now.advanced(by: UInt64(settings.keepaliveSeconds) * 250_000_000))
    }

    /// One step of a walk, on a copy, so that no exclusivity check is left.
    func keepaliveDeadline() {
        var walk = keepalive
        // What has begun until now is found by this walk.
        if walk.nextSlot == 0 { walk.mustFollow = false }
        let touched = UInt32(sessions.touched)
        let end = min(touched, walk.nextSlot + Self.keepaliveLooks)
        var left = settings.keepaliveStep
        while walk.nextSlot < end && left > 0 {
            if keepAlive(walk.nextSlot) { left -= 1 }
            walk.nextSlot += 1
        }
        keepalive = walk
        if walk.nextSlot < touched {
            deadlines.set(keepaliveOwner, now.advanced(by: settings.keepalivePause))
        } else if walk.mustFollow {
            planKeepalive()
        } else {
            keepalive = KeepaliveWalk()
        }
    }

    /// Whether there was anything to set up.
    private func keepAlive(_ slot: UInt32) -> Bool {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.phase == .relaying && !session.pointee.isKeptAlive else { return false }
        unsafe session.pointee.isKeptAlive = true
        unsafe sockets.keepAlive(session.pointee.upstream, seconds: settings.keepaliveSeconds)
        let isUnix = unsafe listeners[Int(session.pointee.service)].isUnix
        if !isUnix { sockets.keepAlive(unsafe session.pointee.client, seconds: settings.keepaliveSeconds) }
        return true
    }
}
