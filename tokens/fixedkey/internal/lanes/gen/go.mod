module github.com/railgate/railgate/tokens/fixedkey/internal/lanes/gen

go 1.26.0

require (
	github.com/mmcloughlin/avo v0.6.0
	github.com/railgate/railgate v0.0.0
)

require (
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.25.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
)

replace github.com/railgate/railgate => ../../../../..
