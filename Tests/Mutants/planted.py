"""The faults: a name, a file of the data path, and what is written there in place of what."""

from dataclasses import dataclass


@dataclass
class Mutant:
    name: str
    file: str
    old: str
    new: str


def worker(name, file, old, new):
    return Mutant(name, "Sources/Fanout/Worker/%s.swift" % file, old, new)


MUTANTS = [
    # Relay
    worker(
        "a short send loses its place",
        "Relay",
        "unsafe flow.pointee.offset &+= UInt32(bitPattern: result)\n",
        "",
    ),
    worker(
        "no FIN is passed on",
        "Relay",
        "_ = sockets.finish(destination(slot, direction))",
        "_ = destination(slot, direction)",
    ),
    worker(
        "a reset is an end of stream",
        "Relay",
        "unsafe flow.pointee.state = isReset ? .failing : .ending",
        "unsafe flow.pointee.state = .ending",
    ),
    worker(
        "a hidden reset is an end of stream",
        "Relay",
        "isGone(sourceOf: direction, slot) || isHiddenReset(slot, direction)",
        "isGone(sourceOf: direction, slot)",
    ),
    worker(
        "a failed send is forgotten",
        "Relay",
        "return unsafe direction == .tx ? session.pointee.clientIsGone : session.pointee.upstreamIsGone",
        "return unsafe direction == .tx ? session.pointee.phase == .free : session.pointee.phase == .free",
    ),
    worker(
        "a starved flow is never fed",
        "Relay",
        "            unsafe starved.append(index(slot, direction), in: unsafe flows)\n",
        "",
    ),
    worker(
        "a buffer is kept when its destination goes",
        "Relay",
        "        discard(slot, direction)\n        unsafe flow(slot, direction).pointee.state = .broken",
        "        unsafe flow(slot, direction).pointee.holdsBuffer = false\n"
        "        unsafe flow(slot, direction).pointee.state = .broken",
    ),
    worker(
        "a half-closed side is not watched",
        "RelayTime",
        "        if PollEvents.result(completion.result, has: hangup) {\n            end(slot, direction == .tx",
        "        if false && PollEvents.result(completion.result, has: hangup) {\n            end(slot, direction == .tx",
    ),
    worker(
        "the gate is not opened",
        "Relay",
        "            if !completion.more {\n                receive(slot, direction, into: .reserve)",
        "            if !completion.more && completion.result > 0 {\n                receive(slot, direction, into: .reserve)",
    ),
    worker(
        "an interrupted receive is a reset",
        "Relay",
        "        guard result < 0, SystemError.isInterruption(-result) else {",
        "        guard result < 0, result == -SystemError.canceled else {",
    ),
    # Ending
    worker(
        "sockets are closed too early",
        "Ending",
        "guard unsafe session.pointee.inFlight == 0, unsafe session.pointee.phase == .ending",
        "guard unsafe session.pointee.phase == .ending",
    ),
    worker(
        "a refused cancel is not repeated",
        "Ending",
        "    func endingDeadline(_ slot: UInt32) {\n        cancelAll(slot)\n",
        "    func endingDeadline(_ slot: UInt32) {\n",
    ),
    worker(
        "a reset does not wait for the bytes",
        "Ending",
        "guard unsent > 0, ",
        "guard unsent < 0, ",
    ),
    worker(
        "nobody is turned into a reset",
        "Ending",
        "        case .resetClientAfterBytes:\n            unsafe closeWithReset(&session.pointee.upstream)\n"
        "            leaveEndpoint(slot)\n            startFlush(slot)",
        "        case .resetClientAfterBytes:\n            unsafe closeGracefully(&session.pointee.client)\n"
        "            leaveEndpoint(slot)\n            finishFlush(slot)",
    ),
    worker("an endpoint is not left", "Ending", "        leaveEndpoint(slot)\n        forgetTried(slot)\n", "        forgetTried(slot)\n"),
    # Dial
    worker(
        "a connect is not given up",
        "Dial",
        "            unsafe sessions.pointer(slot).pointee.attemptExpired = true\n            cancel(.connect, slot)\n",
        "            unsafe sessions.pointer(slot).pointee.attemptExpired = true\n",
    ),
    worker(
        "a spare is never closed",
        "Spare",
        "            sockets.closeWithReset(unsafe session.pointee.upstream)\n",
        "",
    ),
    worker(
        "a spare that lost goes on",
        "Spare",
        "        unsafe sessions.pointer(spare).pointee.other = 0\n        if isInFlight(.connect, spare) {",
        "        if isInFlight(.connect, spare) {",
    ),
    worker(
        "a spare that won is not counted on its endpoint",
        "Spare",
        "        unsafe session.pointee.isCounted = true\n        unsafe spare",
        "        unsafe spare",
    ),
    worker(
        "two upstreams at once",
        "Dial",
        "            leaveAttempt(slot)\n            adoptSpare(slot)",
        "            adoptSpare(slot)",
    ),
    worker(
        "an attempt is counted for ever",
        "Dial",
        "        leaveEndpoint(slot)\n        // Reset:",
        "        // Reset:",
    ),
    worker(
        "a connection to itself is taken",
        "Dial",
        "return isOurOwn ? SystemError.refused : 0",
        "return 0",
    ),
    worker(
        "what begins while keepalive is set up has none",
        "Keepalive",
        "        } else if walk.mustFollow {",
        "        } else if false {",
    ),
    worker(
        "upstreams of long connections are not kept alive",
        "Keepalive",
        "        unsafe sockets.keepAlive(session.pointee.upstream, seconds: settings.keepaliveSeconds)\n",
        "",
    ),
    worker(
        "a request is let go",
        "Dial",
        "        guard unsafe flow(slot, .tx).pointee.state == .idle else { return false }\n        return sockets",
        "        return sockets",
    ),
    worker(
        "waiting clients are not watched",
        "Dial",
        "        if unsafe flow(slot, .tx).pointee.state != .receiving { watchClient(slot) }\n",
        "",
    ),
    worker(
        "a reset that was looked at is forgotten",
        "Dial",
        "guard sockets.isOver(unsafe sessions.pointer(slot).pointee.client) else { return false }",
        "guard false else { return false }",
    ),
    # Bulk
    worker(
        "a short drain is taken for a full queue",
        "Bulk",
        "                statistics.add(.splicedBytes, UInt64(result))\n            } else if result == -SystemError.wouldBlock {",
        "                statistics.add(.splicedBytes, UInt64(result))\n                if pipes.bytes(in: pipe) > 0 {\n"
        "                    becomeBlocked(slot, direction)\n                    return false\n                }\n"
        "            } else if result == -SystemError.wouldBlock {",
    ),
    worker(
        "a full destination is not waited for",
        "Bulk",
        "if !isInFlight(gateOperation(direction), slot) { awaitRoom(slot, direction) }",
        "",
    ),
    worker(
        "an urgent byte is an end of stream",
        "Bulk",
        "result == 0 ? !sockets.isAtEnd(source(slot, direction))",
        "result == 0 ? false",
    ),
    worker(
        "an end overtakes what is in the pipe",
        "Bulk",
        "if !hasSplicedBytes(slot, direction) { leavePipe(slot, direction) }",
        "leavePipe(slot, direction)",
    ),
    worker(
        "a poll outlives its pipe",
        "Bulk",
        "        cancel(gateOperation(direction), slot)\n    }\n}",
        "    }\n}",
    ),
    # TurnAround
    worker(
        "what hides behind a short receive is not looked for",
        "TurnAround",
        "                if !mayHideMore { return }",
        "                return",
    ),
    worker(
        "the watch of a held flow is not ended",
        "TurnAround",
        "        hasShared = false\n        cancel(receiveOperation(direction), slot)\n",
        "        hasShared = false\n",
    ),
    worker(
        "the shared buffer is shared while a flow holds it",
        "TurnAround",
        "        hasShared = false\n        cancel(",
        "        cancel(",
    ),
    worker(
        "a watch that ended by itself is not replaced",
        "TurnAround",
        "        case .watching, .leaving: armReceive(slot, direction)",
        "        case .leaving: armReceive(slot, direction)\n        case .watching: break",
    ),
    # Listener
    worker(
        "an accept that ended is not armed again",
        "Listener",
        "            armListener(index)\n        } else {\n            deadlines.set(owner(ofListener: index), now.advanced(by: Self.acceptPause))\n",
        "            armListener(index)\n",
    ),
    worker(
        "a drain throws the queue away",
        "Listener",
        "        while failures < 100 {",
        "        while failures < 0 {",
    ),
    worker(
        "a place is not given back",
        "Ending",
        "        context.admission.leave()\n        sessions.giveBack(slot)",
        "        sessions.giveBack(slot)",
    ),
    # What is counted
    worker(
        "a connection is not counted on its endpoint",
        "Dial",
        "        unsafe endpoints.addConnection(to: session.pointee.endpointSlot)\n",
        "",
    ),
    worker(
        "a failed connect is no endpoint's",
        "Dial",
        "        endpoints.addFailure(ConnectFailure(errno: error), to: unsafe session.pointee.endpointSlot)\n",
        "",
    ),
    worker(
        "an endpoint's bytes go the other way",
        "Relay",
        "endpoints.addBytes(UInt64(bytes), direction, to:",
        "endpoints.addBytes(UInt64(bytes), direction.opposite, to:",
    ),
    worker(
        "a client waits for ever in the count",
        "Dial",
        "        services[unsafe Int(session.pointee.service)].subtract(.waiting)\n",
        "",
    ),
    worker(
        "a client goes on counting on its worker",
        "Ending",
        "        context.handover.leave(context.index)\n",
        "",
    ),
    # Worker
    worker(
        "starved flows are not looked at",
        "Worker",
        "        rearmStarved()\n",
        "",
    ),
    # Several workers, and unix clients: only fleets find these
    worker(
        "all workers number their connections alike",
        "Worker",
        "nextConnection = UInt64(context.index) << 48",
        "nextConnection = 0",
    ),
    worker(
        "a shared listener is closed by its first worker",
        "Listener",
        "        if unsafe !listeners[index].isUnix { sockets",
        "        if unsafe listeners[index].isClosed { sockets",
    ),
    worker(
        "a unix client that has closed is a reset",
        "Dial",
        "return unsafe listeners[service].isUnix ? PollEvents.error : PollEvents.hangup",
        "return unsafe listeners[service].isUnix ? PollEvents.hangup : PollEvents.hangup",
    ),
    worker(
        "a drain does not wait for descriptors",
        "Listener",
        "if order == .reset { break }",
        "if order != .run { break }",
    ),
    Mutant(
        "snapshots are freed under other workers",
        "Sources/Fanout/Endpoints/Publication.swift",
        "        for worker in wakeups.indices {",
        "        for worker in wakeups.indices.prefix(1) {",
    ),
    worker(
        "a late buffer is not given back",
        "Worker",
        "        if let buffer = completion.buffer { driver.release(buffer) }",
        "        if let buffer = completion.buffer, buffer > 1 { driver.release(buffer) }",
    ),
    # Clients that are handed over
    worker(
        "an inbox is not looked at",
        "Worker",
        "        if inbox.hasNext { takeHandedOver() }\n",
        "",
    ),
    worker(
        "a refused client goes on counting",
        "Handover",
        "            context.handover.leave(other.worker)\n",
        "",
    ),
    worker(
        "a closed inbox takes clients",
        "Inbox",
        "while seen & Self.closed == 0 {",
        "while true {",
    ),
    worker(
        "clients in the inbox at a drain are forgotten",
        "Worker",
        "if inbox.hasNext { takeHandedOver() }",
        "if inbox.hasNext && order == .run { takeHandedOver() }",
    ),
    worker(
        "nobody is woken for a client",
        "HandoverTable",
        "        Wakeup.signal(unsafe descriptors[worker])\n",
        "",
    ),
    # Sessions that the worker ends itself
    worker(
        "unread bytes are no reason for a reset",
        "Removal",
        "return unsafe hasUnread(slot) || sockets.isOver",
        "return unsafe sockets.isOver",
    ),
    worker(
        "a reset right before we end a session is overlooked",
        "Removal",
        "|| sockets.isOver(session.pointee.client)\n            || sockets.isOver(session.pointee.upstream)",
        "",
    ),
    worker(
        "a second message is held back",
        "Relay",
        "case .tx: if unsafe session.pointee.txBytes > 0 && !session.pointee.sendsAtOnce { sendAtOnce(slot) }",
        "case .tx: break",
    ),
    worker(
        "who waits is not watched after its request",
        "Relay",
        "case .waiting: watchClient(slot)",
        "case .waiting: break",
    ),
    worker(
        "a slow reader is taken for an idle one",
        "RelayTime",
        "guard owed > 0 else { return true }",
        "guard owed == .max else { return true }",
    ),
    worker(
        "late bytes are no reason for a reset",
        "Worker",
        "if unsafe session.pointee.ending == .graceful { unsafe session.pointee.ending = .reset }",
        "_ = unsafe session.pointee",
    ),
]
