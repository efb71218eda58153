"""Author resolution inside the warehouse: only the mentions that a day can affect are resolved again."""
