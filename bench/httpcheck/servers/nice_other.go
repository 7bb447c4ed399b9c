//go:build !unix

package servers

func lower(int) {}
