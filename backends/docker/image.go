package docker

import "context"
import "github.com/hostspec/hostspec/backends"

func checkImage(u *backends.URI) error { return nil }
func openImage(ctx context.Context, u *backends.URI) (backends.Backend, error) {
	return nil, nil
}
