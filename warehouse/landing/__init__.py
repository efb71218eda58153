"""The landing archive: payloads as received, in a folder or on an object store. Nothing is parsed here."""
