run_build() {
    build_release
    strip -s .build/release/fanout -o .build/release/fanout.stripped
    mv .build/release/fanout.stripped .build/release/fanout
    ls -l .build/release/fanout
}
