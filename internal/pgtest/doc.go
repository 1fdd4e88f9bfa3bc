// Package pgtest gives tests a real PostgreSQL.
//
//	url := pgtest.URL(t)          // a fresh database that goes with the test
//	pg := pgtest.StartServer(t)   // a server of one's own, to be hurt
//	pg.Kill()
//	pg.Restart()
//
// URL's databases live in one server for the whole test process, started at the first call, or in the one that the
// environment variable SALON_TEST_POSTGRES names (the URL of a superuser). A server listens on a unix socket alone, in a
// directory of its own, and both are gone when the process ends, however it ends. Where there is no PostgreSQL the test
// fails, and says what to install: it is never skipped.
//
// Databases sort text as English does, and the server's clock is in Kathmandu: a store that leaves order or time to the
// server's settings is found out.
//
// Only tests import it, and it knows no driver: databases are made with psql.
package pgtest
