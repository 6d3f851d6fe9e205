"""The query engine: filters -> query -> SQL -> rows -> answer, and the clients it stands on."""
