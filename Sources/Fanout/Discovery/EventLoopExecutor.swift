import NIOCore

/// Runs what a task does between two actors on an event loop.
///
/// An actor's own executor is not enough to keep Swift's thread pool asleep: a continuation resumes on the task's
/// preferred executor, by default that pool, and only then returns to the actor (`swift_continuation_init`, Swift 6.3).
final class EventLoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
