# make help says what there is.

PREFIX ?= /usr/local
# Added to every build and test, such as SWIFT_FLAGS="-Xswiftc -warnings-as-errors".
SWIFT_FLAGS ?=

# Numeric Swift without optimisation is tens of times slower, so tests run in release too. One set of flags for all:
# other flags would build everything once more.
FLAGS := -c release -Xswiftc -enable-testing $(SWIFT_FLAGS)
SOURCES := Sources Tests Package.swift

# What is given to the chat: make chat CHAT="--ascii my.jpg"
CHAT ?=

.PHONY: help chat test build demo-model lint format install clean packages swift

help:
	@echo "make chat      install what is missing, build, and open the chat; CHAT=\"my.jpg\" gives it a picture"
	@echo "make test      install missing Debian packages, build, run all tests"
	@echo "make build     the same without the tests; the program is .build/release/tinygptv"
	@echo "make demo-model  train the bundled model again, from nothing: hours"
	@echo "make lint      check the layout of the sources"
	@echo "make format    correct the layout of the sources"
	@echo "make install   copy the program to PREFIX/bin, its icons and its model to PREFIX/share ($(PREFIX))"
	@echo "make clean     delete what was built"
	@echo "SWIFT_FLAGS=…  is added to every build, as in SWIFT_FLAGS=\"-Xswiftc -warnings-as-errors\""

chat: build
	@Scripts/open-chat "$$(swift build $(FLAGS) --show-bin-path)/tinygptv" $(CHAT)

test: packages swift
	swift test $(FLAGS)

build: packages swift
	swift build $(FLAGS) --product tinygptv

demo-model: build
	Scripts/train-demo-model

lint: swift
	swift format lint --strict -r $(SOURCES)

format: swift
	swift format -i -r $(SOURCES)

install: build
	install -D -m 755 "$$(swift build $(FLAGS) --show-bin-path)/tinygptv" "$(DESTDIR)$(PREFIX)/bin/tinygptv"
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/tinygptv/Icons" Sources/Scenes/Icons/*
	install -D -m 644 -t "$(DESTDIR)$(PREFIX)/share/tinygptv" assets/tinygptv-demo.gguf

clean:
	rm -rf .build

packages:
	@Scripts/install-packages

swift:
	@command -v swift >/dev/null || { \
	  echo "Swift 6.1 or newer is needed and is not on the PATH: see https://www.swift.org/install/linux/" >&2; exit 1; }
