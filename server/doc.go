// Package server builds the house: it opens the store and the certificates, gives the router its features in their
// order, and starts the listeners. Tests start the same house in process.
//
//	s, err := server.New(ctx, cfg, server.Options{Log: log})
//	go s.Serve(ctx)
//	defer s.Shutdown(ctx)
package server
