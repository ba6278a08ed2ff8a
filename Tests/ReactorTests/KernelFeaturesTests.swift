import Reactor
import Testing

@Suite struct KernelFeaturesTests {
    @Test func everyFeatureIsNamedOnceAsThereOrAsLacking() {
        let mixed = KernelFeatures([("registered_ring", true), ("splice", false)])
        #expect(mixed.names(present: true) == ["registered_ring"])
        #expect(mixed.names(present: false) == ["splice"])
    }

    @Test func spliceIsAllowedWhereNothingForbidsIt() {
        // The tests of the pipes need it too: a probe that said no here would turn bulk into copies for everybody.
        #expect(KernelFeatures.allowsSplice)
    }
}
