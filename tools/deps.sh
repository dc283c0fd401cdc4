#!/usr/bin/env bash
# deps.sh demo|check: installs what building (demo) or testing (check) needs and this machine lacks.
#
# On Debian and Ubuntu, as root or through sudo, with apt-get; elsewhere it says what to install.
# Only a compiler and make are indispensable: a library that is missing leaves out what it does,
# and `cleave info` says so. Silent and fast when nothing is missing. CLEAVE_NO_INSTALL=1 skips
# everything.
set -u

[ "${CLEAVE_NO_INSTALL:-0}" = 1 ] && exit 0
purpose=${1:-demo}
case $purpose in
demo | check) ;;
*)
    echo "usage: tools/deps.sh demo|check" >&2
    exit 2
    ;;
esac

# When, what to look for (c: command, h: header, p: pkg-config module, r: the certificates that
# HTTPS is checked with), and the package that brings it on Debian, Fedora, Arch, Alpine and with
# Homebrew.
components='
demo  c cc          gcc               gcc                  gcc          gcc               gcc
demo  c make        make              make                 make         make              make
demo  c pkg-config  pkg-config        pkgconf-pkg-config   pkgconf      pkgconf           pkgconf
demo  h math.h      libc6-dev         glibc-devel          glibc        musl-dev          -
demo  p sndfile     libsndfile1-dev   libsndfile-devel     libsndfile   libsndfile-dev    libsndfile
demo  p libavformat libavformat-dev   ffmpeg-free-devel    ffmpeg       ffmpeg-dev        ffmpeg
demo  p libavcodec  libavcodec-dev    ffmpeg-free-devel    ffmpeg       ffmpeg-dev        ffmpeg
demo  p libavutil   libavutil-dev     ffmpeg-free-devel    ffmpeg       ffmpeg-dev        ffmpeg
demo  p libswresample libswresample-dev ffmpeg-free-devel  ffmpeg       ffmpeg-dev        ffmpeg
demo  p soxr        libsoxr-dev       soxr-devel           libsoxr      soxr-dev          libsoxr
demo  p hwloc       libhwloc-dev      hwloc-devel          hwloc        hwloc-dev         hwloc
demo  p jansson     libjansson-dev    jansson-devel        jansson      jansson-dev       jansson
demo  p yaml-0.1    libyaml-dev       libyaml-devel        libyaml      yaml-dev          libyaml
demo  p libcurl     libcurl4-openssl-dev libcurl-devel     curl         curl-dev          curl
demo  p libarchive  libarchive-dev    libarchive-devel     libarchive   libarchive-dev    libarchive
demo  p libpng      libpng-dev        libpng-devel         libpng       libpng-dev        libpng
demo  r certificates ca-certificates ca-certificates ca-certificates ca-certificates -
check c g++         g++               gcc-c++              gcc          g++               gcc
check c ffmpeg      ffmpeg            ffmpeg-free          ffmpeg       ffmpeg            ffmpeg
check c flac        flac              flac                 flac         flac              flac
check c strace      strace            strace               strace       strace            -
check p fftw3f      libfftw3-dev      fftw-devel           fftw         fftw-dev          fftw
check p libebur128  libebur128-dev    libebur128-devel     libebur128   libebur128-dev    libebur128
'

# Without pkg-config nobody can say which libraries are there: then all of them count as missing.
modules=" $(pkg-config --list-all 2>/dev/null | cut -d' ' -f1 | tr '\n' ' ')"

present() { # kind name
    case $1 in
    c) command -v "$2" >/dev/null 2>&1 ;;
    p) [[ $modules == *" $2 "* ]] ;;
    r) compgen -G '/etc/ssl/certs/ca-*.crt' >/dev/null || [ -e /etc/ssl/cert.pem ] ;;
    h) [ -e "/usr/include/$2" ] || [ "$(uname -s)" = Darwin ] ;;
    esac
}

wants() { [ "$1" = demo ] || [ "$purpose" = check ]; }

# The names, of the column given, of everything that is missing: one line, no name twice.
missing() {
    local seen=' ' when kind name columns package
    while read -r when kind name columns; do
        if [ -z "$when" ] || ! wants "$when" || present "$kind" "$name"; then
            continue
        fi
        read -r -a columns <<<"$columns"
        package=${columns[$1]}
        [ "$package" = - ] || [[ $seen == *" $package "* ]] || seen+="$package "
    done <<<"$components"
    seen=${seen# }
    echo "${seen% }"
}

missing_modules() {
    local when kind name columns list=''
    while read -r when kind name columns; do
        [ -n "$when" ] && wants "$when" && ! present "$kind" "$name" && list+="$name "
    done <<<"$components"
    echo "${list% }"
}

packages=$(missing 0)
[ -z "$packages" ] && exit 0

# Says what to install, and goes on if there is a compiler: the libraries are optional.
advise() {
    cat >&2 <<END
$1 These are missing ($(missing_modules)); what they would add is left out:
  Debian, Ubuntu  apt-get install $packages
  Fedora          dnf install $(missing 1)
  Arch            pacman -S $(missing 2)
  Alpine          apk add $(missing 3)
  macOS           brew install $(missing 4)
END
    if ! present c "${CC:-cc}" || ! present c make; then
        echo "A C compiler and make are indispensable; install at least these." >&2
        exit 1
    fi
    exit 0
}

command -v apt-get >/dev/null 2>&1 || advise "This system has no apt-get."
if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
else
    advise "Installing needs root or sudo."
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
        -o Acquire::Retries=2 -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1
}

echo "Installing $packages"
read -r -a names <<<"$packages"
# The package lists are fetched only if what they say now does not lead to the packages.
apt install -y --no-install-recommends "${names[@]}" ||
    { apt update && apt install -y --no-install-recommends "${names[@]}"; } || {
    tail -3 "$log" >&2
    advise "apt-get could not install them."
}
